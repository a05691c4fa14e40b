// @ts-check
// The site in a frame, section by section, each used as a visitor does: in every engine that can open a
// page, as tests/site does by Playwright.
import { Report } from './support/report.js';

/** A section starts, or does what it was asked, within this time. */
const LIMIT_MS = 60_000;

/** @typedef {(site: Site) => Promise<void>} Use */

/** @type {Record<string, Use>} */
const SECTIONS = { playground, dashboard, benchmarks, doctor };

export async function run() {
  const report = new Report();
  for (const [name, use] of Object.entries(SECTIONS)) {
    await report.part(name, async () => {
      const site = await Site.open(report, name);
      try {
        await use(site);
        report.equal('nothing went wrong once it was loaded', site.errors, []);
      } finally {
        site.close();
      }
    });
  }
  return report.result();
}

/** One section of the site. */
class Site {
  /** @type {string[]} */
  errors = [];

  /**
   * @param {Report} report
   * @param {HTMLIFrameElement} frame
   * @param {Window & typeof globalThis} window of the frame
   */
  constructor(report, frame, window) {
    this.report = report;
    this.frame = frame;
    this.window = window;
    window.addEventListener('error', ({ message }) => this.errors.push(message));
    window.addEventListener('unhandledrejection', ({ reason }) => this.errors.push(String(reason)));
  }

  /**
   * @param {Report} report
   * @param {string} name
   */
  static async open(report, name) {
    const frame = document.createElement('iframe');
    Object.assign(frame, { src: `/www/#${name}`, title: name, width: 1000, height: 800 });
    const loaded = new Promise((resolve) => frame.addEventListener('load', resolve));
    document.body.append(frame);
    await loaded;
    const window = /** @type {Window & typeof globalThis} */ (frame.contentWindow);
    return new Site(report, frame, window);
  }

  /** @param {string} selector */
  find(selector) {
    return /** @type {HTMLElement | null} */ (this.window.document.querySelector(selector));
  }

  /** @param {string} selector */
  text(selector) {
    return this.find(selector)?.textContent ?? '';
  }

  /** @param {string} selector the figures are grouped: 1,234 */
  figure(selector) {
    return Number(this.text(selector).replaceAll(',', '') || Number.NaN);
  }

  /**
   * @param {string} selector
   * @param {string} [text] of the one that is meant, all of it
   */
  async click(selector, text) {
    const all = () => [...this.window.document.querySelectorAll(selector)];
    const found = await this.until(selector, () =>
      all().find((one) => text === undefined || one.textContent?.trim() === text),
    );
    found?.dispatchEvent(new this.window.MouseEvent('click', { bubbles: true, cancelable: true }));
  }

  /**
   * Waits for something to be there; a check.
   *
   * @template T
   * @param {string} what
   * @param {() => T} look
   * @returns {Promise<T>} what it was at last
   */
  async until(what, look) {
    const end = performance.now() + LIMIT_MS;
    let found = look();
    while (!found && performance.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      found = look();
    }
    const alert = this.text('[role="alert"]:not([hidden])');
    this.report.check(what, Boolean(found), alert || this.text('#section').slice(0, 300));
    return found;
  }

  close() {
    this.frame.remove();
  }
}

/** @type {Use} */
async function playground(site) {
  await site.until('the sample is there', () =>
    site.text('#database-status').startsWith('Flights (2,000) loaded in'),
  );
  const editor = /** @type {HTMLTextAreaElement} */ (site.find('#sql'));
  editor.value = 'select count(*) from flights';
  await site.click('.console button', 'Run');
  await site.until('a worker answers', () => /^Worker 1: 1 row in/.test(site.text('#run-status')));
  site.report.equal('with what is in the database', site.text('.grid tbody td'), '2000');
}

/** @type {Use} */
async function dashboard(site) {
  const progress = async () => {
    const figure = (/** @type {string} */ name) => site.figure(`[data-figure="${name}"]`);
    await site.until('it counts', () => figure('commits') >= 0 && figure('compared') >= 0);
    const [commits, reads] = [figure('commits'), figure('compared')];
    await site.until('there are more commits', () => figure('commits') > commits + 20);
    await site.until('and more reads', () => figure('compared') > reads + 20);
    site.report.equal('none of which misses a commit', figure('wrong'), 0);
  };
  await progress();
  await site.click('.kill button', 'Kill a writer');
  const status = () => site.text('.kill [role="status"]');
  await site.until('another one commits after a kill', () => / committed .* later/.test(status()));
  await site.until('and nothing is lost', () =>
    site.text('.kill tbody tr').includes('nothing lost'),
  );
  site.report.figures.recovery = status();
  await progress();
}

/** @type {Use} */
async function benchmarks(site) {
  const ready = () => {
    const run = /** @type {HTMLButtonElement | undefined} */ (
      [...site.window.document.querySelectorAll('button')].find(
        ({ textContent }) => textContent === 'Run',
      )
    );
    return run && run.getAttribute('aria-disabled') !== 'true';
  };
  await site.until('it can be run', ready);
  const boxes = /** @type {NodeListOf<HTMLInputElement>} */ (
    site.window.document.querySelectorAll('input[type="checkbox"]')
  );
  const wanted = ['sharedwal', 'point_reads'];
  for (const box of boxes) if (box.checked !== wanted.includes(box.value)) box.click();
  site.report.equal(
    'what is chosen',
    [...boxes].filter(({ checked }) => checked).map(({ value }) => value),
    wanted,
  );
  const length = /** @type {HTMLSelectElement | null} */ (site.find('select'));
  if (length) length.value = 'quick';
  length?.dispatchEvent(new site.window.Event('change', { bubbles: true }));
  await site.click('button', 'Run');
  await site.until('it is measured', () => site.text('[role="status"]') === 'Done: 1 trials.');
  const rows = [...site.window.document.querySelectorAll('tbody')].map((body) => body.rows.length);
  site.report.equal('and shown, with what is aimed at', rows, [1, 1]);
}

/** @type {Use} */
async function doctor(site) {
  await site.until('it has a diagnosis', () => site.text('#diagnosis') !== '');
  site.report.equal('a good one', site.text('#diagnosis'), 'sharedwal works here.');
  await site.until('and a recipe', () => site.find('#recipe pre'));
}
