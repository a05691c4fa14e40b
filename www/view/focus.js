// @ts-check
// What is disabled or taken away loses the focus, and the keyboard begins at the top of the page again. So
// buttons are only marked as disabled, and what is replaced gives its focus on.

/** Clicks on what is marked go no further than here. */
function guard(/** @type {Event} */ event) {
  const { target } = event;
  if (target instanceof Element && target.closest('[aria-disabled="true"]')) {
    event.stopImmediatePropagation();
  }
}
addEventListener('click', guard, { capture: true });

/**
 * Disables a button that may have the focus.
 *
 * @param {HTMLButtonElement} button
 * @param {boolean} [disabled]
 */
export function disable(button, disabled = true) {
  button.setAttribute('aria-disabled', String(disabled));
  return button;
}

/**
 * Replaces what is in an element. The focus goes from a part with a `data-key` to the new one with the same key,
 * or to the first.
 *
 * @param {HTMLElement} parent
 * @param {...Node} content
 */
export function replaceContent(parent, ...content) {
  const focused = parent.contains(document.activeElement) ? document.activeElement : null;
  const key = focused?.getAttribute('data-key');
  parent.replaceChildren(...content);
  if (typeof key !== 'string') return;
  const keyed = /** @type {HTMLElement[]} */ ([...parent.querySelectorAll('[data-key]')]);
  (keyed.find((one) => one.dataset.key === key) ?? keyed[0])?.focus({ preventScroll: true });
}
