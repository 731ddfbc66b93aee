import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import axe, { type AxeResults } from 'axe-core';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, type TestContext, test } from 'vitest';
import { renderPage } from '../../src/report/page.ts';
import { tellStory } from '../../src/report/story.ts';
import type { ToldWatch } from '../../src/report/watch.ts';
import type { RunEvent } from '../../src/run/events.ts';
import { startBrowser } from '../support/browser.ts';
import { deployStory, failedStory, stamped } from '../terminal/fixtures/story.ts';
import { fiveHundredMigrations, majorWatch, rehearsedStory, withTable } from './fixtures/stories.ts';

/** Set it to keep what the browser shows: `PICTURES=/tmp/pages npx vitest run test/report/browser.test.ts`. */
const PICTURES = process.env.PICTURES;
const INSTALLING_MS = 300_000;
const LIMIT_MS = 180_000;
const MARKUP = '<script>alert(1)</script><img src=x onerror=alert(2)>"\'&\u202e\u001b[31m';

const LIGHT = { colorScheme: 'light' } as const;
const DARK = { colorScheme: 'dark' } as const;
const PHONE = { ...LIGHT, viewport: { width: 360, height: 740 } } as const;

const CASES: readonly (readonly [string, readonly RunEvent[], BrowserContextOptions, ToldWatch?])[] = [
  ['a deploy', rehearsedStory, LIGHT],
  ['a deploy in the dark', rehearsedStory, DARK],
  ['a deploy on a phone', rehearsedStory, PHONE],
  ['a statement that failed', failedStory, LIGHT],
  ['a statement that failed, in the dark', failedStory, DARK],
  ['500 migrations', fiveHundredMigrations(), LIGHT],
  ['names that are markup', withTable(MARKUP), PHONE],
  ['a name without an end', withTable('x'.repeat(900)), PHONE],
  ['a watch', rehearsedStory, DARK, majorWatch],
  ['a run that has not ended', deployStory.slice(0, -6), DARK],
];

// What the browser runs is text: the names of its world are not those of these files.
const COLOURS = `(({ color, backgroundColor }) => ({ color, backgroundColor }))(getComputedStyle(document.body))`;
const BEYOND = `[...document.querySelectorAll('body *')]
  .filter((element) => element.getBoundingClientRect().right > document.documentElement.clientWidth + 0.5)
  .map((element) => element.tagName + ' ' + element.textContent.slice(0, 60))`;

describe('the page of a run in Chromium', { timeout: LIMIT_MS }, () => {
  let started: Awaited<ReturnType<typeof startBrowser>>;
  const dir = mkdtempSync(join(tmpdir(), 'gateway-page-'));

  beforeAll(async () => {
    started = await startBrowser();
    if (PICTURES !== undefined) mkdirSync(PICTURES, { recursive: true });
  }, INSTALLING_MS);

  afterAll(async () => {
    if (!('missing' in started)) await started.close();
    rmSync(dir, { recursive: true });
  });

  /** Opens the page of a story, unfolded as a reader would. */
  async function open(
    { skip }: TestContext,
    events: readonly RunEvent[],
    options: BrowserContextOptions,
    watched?: ToldWatch,
  ) {
    if ('missing' in started) return skip(started.missing);
    const page = await (await started.newContext(options)).newPage();
    const heard: string[] = [];
    page.on('console', (message) => heard.push(`console: ${message.text()}`));
    page.on('pageerror', (error) => heard.push(`error: ${error.message}`));
    page.on('dialog', (dialog) => heard.push(`dialog: ${dialog.message()}`));
    page.on('request', (request) => heard.push(`request: ${request.url()}`));
    const path = join(dir, 'page.html');
    writeFileSync(path, renderPage(tellStory(stamped(events)), watched));
    const address = pathToFileURL(path).href;
    await page.goto(address);
    for (const summary of await page.locator('summary').all()) await summary.click();
    return { page, heard: () => heard.filter((line) => line !== `request: ${address}`) };
  }

  test.for(CASES)(
    '%s: nothing is loaded, run, cut off or hard to read',
    async ([name, events, options, watched], context) => {
      const { page, heard } = await open(context, events, options, watched);
      await picture(page, name);
      expect(await cutOff(page)).toEqual([]);
      expect(await violationsOn(page)).toEqual([]);
      expect(heard()).toEqual([]);
      await page.context().close();
    },
  );

  test.for(['light', 'dark'] as const)(
    'on paper it is black on white, from a %s screen',
    async (colorScheme, context) => {
      const { page } = await open(context, failedStory, { colorScheme });
      await page.emulateMedia({ media: 'print', colorScheme });
      await picture(page, `paper ${colorScheme}`);
      const colours = await page.evaluate(COLOURS);
      expect(colours).toEqual({ color: 'rgb(0, 0, 0)', backgroundColor: 'rgb(255, 255, 255)' });
      expect(await violationsOn(page)).toEqual([]);
      await page.context().close();
    },
  );

  test('what is folded on the screen is on the paper', async (context) => {
    const { page } = await open(context, deployStory, {});
    const summary = page.locator('summary').first();
    await summary.click();
    const folded = page.locator('details').first().locator('table');
    expect(await folded.isVisible()).toBe(false);
    await page.emulateMedia({ media: 'print' });
    expect(await folded.isVisible()).toBe(true);
    await page.context().close();
  });
});

async function picture(page: Page, name: string): Promise<void> {
  if (PICTURES === undefined) return;
  await page.screenshot({
    path: join(PICTURES, `${name.replaceAll(' ', '-')}.png`),
    timeout: 120_000,
    fullPage: !name.startsWith('500'),
  });
}

/** Elements that reach beyond the width of the screen. */
function cutOff(page: Page): Promise<string[]> {
  return page.evaluate(BEYOND);
}

/** What axe finds, best practices included: each with the elements it is about. */
async function violationsOn(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = (await page.evaluate('axe.run()')) as AxeResults;
  return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html).join(' ')}`);
}
