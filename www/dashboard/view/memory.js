// @ts-check
// The memory of a shared file, segment by segment: what it may take, has taken, and is in use.
import { h } from '../../view/dom.js';
import { bytes } from './format.js';
import { write } from './svg.js';

/** @typedef {import('../../../dist/index.js').FileDiagnostics} FileDiagnostics */

function segment() {
  return h('span', { class: 'segment' }, h('i', { class: 'taken' }), h('i', { class: 'used' }));
}

/**
 * @param {string} title
 * @param {number} segmentBytes what the runtime was created with
 */
export function memory(title, segmentBytes) {
  const text = h('span', { class: 'faint' });
  const cells = h('div', { class: 'segments', role: 'img' });
  const element = h(
    'div',
    { class: 'memory' },
    h('p', {}, h('strong', {}, title), ' ', text),
    cells,
  );
  return {
    element,
    /** @param {FileDiagnostics} file */
    draw({ bytes: used, capacityBytes, maxCapacityBytes, segments }) {
      const all = Math.ceil(maxCapacityBytes / segmentBytes);
      while (cells.childElementCount < all) cells.append(segment());
      const share = (/** @type {number} */ total, /** @type {number} */ index) =>
        `${100 * Math.min(1, Math.max(0, total / segmentBytes - index))}%`;
      for (const [index, cell] of [...cells.children].entries()) {
        const [taken, inUse] = /** @type {HTMLElement[]} */ ([...cell.children]);
        if (taken) taken.style.height = share(capacityBytes, index);
        if (inUse) inUse.style.height = share(used, index);
      }
      const { allocated, active } = segments;
      const told = `${bytes(used)} in use, ${bytes(capacityBytes)} taken, ${bytes(maxCapacityBytes)} at most`;
      write(text, told);
      const label = `${title}: ${told}; of ${all} segments of ${bytes(segmentBytes)} ${allocated} have taken memory, ${active} are in use`;
      if (cells.getAttribute('aria-label') !== label) cells.setAttribute('aria-label', label);
    },
  };
}
