// @ts-check
// Runs the page module that the address names (`?name=counter&quick=1`) and leaves what it reports
// in `globalThis.report`. A driver of any browser needs to do nothing but open the page and wait for
// that value.

/**
 * @typedef {{ name: string, ok: boolean, detail?: string }} Check
 * @typedef {{ ok: boolean, checks: Check[], provoked?: string[], error?: string }} PageReport
 * @typedef {Record<string, string>} Params
 */

const params = Object.fromEntries(new URLSearchParams(location.search));

/**
 * @param {string | undefined} name
 * @returns {Promise<PageReport>}
 */
async function runPage(name) {
  if (name === undefined || !/^[a-z_]+$/.test(name)) {
    throw new Error('The address names no page: expected ?name= with the name of a file in pages/');
  }
  const { run } = await import(`./pages/${name}.js`);
  return run(params);
}

/** @param {unknown} error */
function describe(error) {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error ? ` [${error.code}]` : '';
  return `${error.name}${code}: ${error.message}\n${error.stack ?? ''}`;
}

/** @type {PageReport} */
let report;
try {
  report = await runPage(params.name);
} catch (error) {
  report = { ok: false, checks: [], error: describe(error) };
}
const element = document.getElementById('output');
if (element) element.textContent = JSON.stringify(report, null, 2);
Object.assign(globalThis, { report });
