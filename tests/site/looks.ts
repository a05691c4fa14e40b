import { expect, type Page, type TestInfo } from '@playwright/test';

const LOOKS = [
  { name: 'desktop-light', width: 1280, height: 900, colorScheme: 'light' },
  { name: 'desktop-dark', width: 1280, height: 900, colorScheme: 'dark' },
  { name: 'phone-light', width: 390, height: 844, colorScheme: 'light' },
  { name: 'phone-dark', width: 390, height: 844, colorScheme: 'dark' },
] as const;

interface Violation {
  id: string;
  impact: string;
  nodes: { html: string; failureSummary: string }[];
}

/**
 * Looks at what is shown on a desk and on a phone, in light and dark: axe-core finds nothing serious,
 * nothing has to be scrolled sideways, and a screenshot of each is kept.
 */
export async function expectGoodLooks(page: Page, info: TestInfo, name: string): Promise<void> {
  await page.addScriptTag({ path: 'node_modules/axe-core/axe.min.js' });
  for (const { name: look, width, height, colorScheme } of LOOKS) {
    await page.setViewportSize({ width, height });
    // Colours in the middle of a transition are nobody's; Firefox cannot be told of reduced motion.
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await page.evaluate(() => {
      for (const animation of document.getAnimations()) {
        if (animation instanceof CSSTransition) animation.finish();
      }
    });
    // The masthead lies over what is scrolled to.
    await page.evaluate(() => scrollTo(0, 0));
    const path = info.outputPath(`${name}-${look}.png`);
    await page.screenshot({ path, fullPage: true });
    await info.attach(`${name}-${look}`, { path, contentType: 'image/png' });
    const overflow = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    expect(overflow, `${look}: pixels that have to be scrolled sideways`).toBeLessThanOrEqual(0);
    const { violations, passes } = (await page.evaluate('axe.run()')) as {
      violations: Violation[];
      passes: unknown[];
    };
    expect(passes.length, 'rules that axe-core found held').toBeGreaterThan(10);
    const serious = violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => [id, ...nodes.map((node) => `${node.html}\n${node.failureSummary}`)]);
    expect(serious, look).toEqual([]);
  }
}
