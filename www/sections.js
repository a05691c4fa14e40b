// @ts-check
// The sections of the page. Each is a module with mount(section), which fills the element and returns a
// promise of a function that ends what it started, workers above all; the element is the shell's to remove.

/**
 * @typedef {object} Section
 * @property {string} name its hash in the address, and the class of its element
 * @property {string} title
 * @property {boolean} [everywhere] whether it works without shared memory
 * @property {() => Promise<{ mount: (section: HTMLElement) => Promise<() => void> }>} load
 */

/** In the order of the navigation; the first one is shown to who comes without a hash. */
/** @type {readonly [Section, ...Section[]]} */
export const SECTIONS = [
  { name: 'playground', title: 'Playground', load: () => import('./playground/index.js') },
  { name: 'dashboard', title: 'Dashboard', load: () => import('./dashboard/index.js') },
  { name: 'benchmarks', title: 'Benchmarks', load: () => import('./benchmarks/index.js') },
  { name: 'main-job', title: 'Main job', load: () => import('./main_job/index.js') },
  { name: 'doctor', title: 'Doctor', everywhere: true, load: () => import('./doctor/index.js') },
];
