// @ts-check

/** @param {HTMLElement} section */
export async function mount(section) {
  section.textContent = 'doctor';
  return () => {};
}
