import { expect } from '@playwright/test';
import type { Tab } from './tab.js';

/** What a page module in `pages/` reports. */
export interface PageReport {
  ok: boolean;
  checks: { name: string; ok: boolean; detail?: string }[];
  provoked?: string[];
  figures?: Record<string, unknown>;
  error?: string;
}

export interface PageOptions {
  params?: Record<string, string>;
  /** Checks that the page must make at least: a page that checks nothing has not passed. */
  minChecks?: number;
  timeout?: number;
  /** Where the tests are served. */
  base?: string;
}

/** Set for a run without the long stress. */
export const quick = Boolean(process.env.SHAREDWAL_QUICK);

/** Opens a test page by its name, waits for its report, and fails with what failed in it. */
export async function openPage(
  tab: Tab,
  name: string,
  { params = {}, minChecks = 3, timeout = 120_000, base = '/tests/' }: PageOptions = {},
): Promise<PageReport> {
  await tab.open(`${base}page.html?${new URLSearchParams({ name, ...params })}`);
  const report = (await tab.global('report', timeout)) as PageReport | undefined;
  const errors = tab.errors.join('\n');
  if (!report) {
    const part = await tab.global('part', 1000);
    throw new Error(`page ${name} made no report in ${timeout} ms, now at ${part}\n${errors}`);
  }
  const figures = Object.entries(report.figures ?? {});
  if (figures.length > 0) console.log(`${name}: ${JSON.stringify(report.figures)}`);
  const failed = report.checks.filter((check) => !check.ok);
  const lines = failed.map(({ name, detail }) => `  ${name}: ${detail ?? 'did not hold'}`);
  if (lines.length > 0) throw new Error(`failed checks of page ${name}:\n${lines.join('\n')}`);
  expect(report.error, `page ${name} threw\n${errors}`).toBeUndefined();
  expect(report.checks.length, `checks of page ${name}`).toBeGreaterThanOrEqual(minChecks);
  expect(report.ok, `verdict of page ${name}`).toBe(true);
  return report;
}
