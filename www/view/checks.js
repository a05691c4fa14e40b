// @ts-check
import { element, show } from './page.js';

/**
 * @param {{ name: string, ok: boolean, detail?: string }[]} checks
 * @param {boolean} ok
 */
export function showChecks(checks, ok) {
  const held = checks.filter((check) => check.ok).length;
  show('verdict', ok ? `All ${held} checks held.` : `${held} of ${checks.length} checks held.`);
  element('verdict').className = ok ? 'good' : 'bad';
  element('checks').replaceChildren(
    ...checks.map((check) => {
      const item = document.createElement('li');
      const mark = document.createElement('strong');
      mark.className = check.ok ? 'good' : 'bad';
      mark.textContent = check.ok ? 'held' : 'FAILED';
      item.append(mark, ` ${check.name}`);
      if (check.detail) {
        const detail = document.createElement('span');
        detail.className = 'detail';
        detail.textContent = ` (${check.detail})`;
        item.append(detail);
      }
      return item;
    }),
  );
}
