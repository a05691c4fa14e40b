// @ts-check

/** @param {string} id */
export function element(id) {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no element #${id}`);
  return found;
}

/**
 * Replaces an element's text where it differs, so that screen readers hear changes only.
 *
 * @param {string} id
 * @param {string} text
 */
export function show(id, text) {
  const target = element(id);
  if (target.textContent !== text) target.textContent = text;
}
