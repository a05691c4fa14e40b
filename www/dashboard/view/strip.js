// @ts-check
// How a worker's time was spent, as a strip: in each stretch the shares of what it did, one upon the
// other, and a mark where it committed.
import { svg } from './svg.js';

const HEIGHT = 20;
/** What is seen of what took next to no time. */
const LEAST = 1;
const KINDS = /** @type {const} */ (['inside', 'waiting', 'reading']);

export function strip() {
  const paths = Object.fromEntries(KINDS.map((kind) => [kind, svg('path', { class: kind })]));
  const commits = svg('path', { class: 'commits' });
  const element = svg(
    'svg',
    { class: 'strip', preserveAspectRatio: 'none', 'aria-hidden': 'true' },
    ...Object.values(paths),
    commits,
  );
  return {
    element,
    /** @param {import('../record.js').Stretch[]} stretches */
    draw(stretches) {
      element.setAttribute('viewBox', `0 0 ${stretches.length} ${HEIGHT + 4}`);
      /** @type {Record<string, string>} */
      const lines = {};
      let marks = '';
      for (const [x, stretch] of stretches.entries()) {
        let y = HEIGHT;
        for (const kind of KINDS) {
          if (stretch[kind] === 0) continue;
          const height = Math.min(Math.max(stretch[kind] * HEIGHT, LEAST), y);
          y -= height;
          lines[kind] = `${lines[kind] ?? ''}M${x} ${y.toFixed(1)}h1v${height.toFixed(1)}h-1z`;
        }
        if (stretch.commits > 0) marks += `M${x} ${HEIGHT + 1}h1v3h-1z`;
      }
      for (const kind of KINDS) paths[kind]?.setAttribute('d', lines[kind] ?? '');
      commits.setAttribute('d', marks);
    },
  };
}

/** What the colours of the strips mean. */
export const LEGEND = [
  ['inside', 'in a transaction that writes'],
  ['waiting', 'waits for the writer’s lock'],
  ['reading', 'reads'],
  ['commits', 'commits'],
];
