// Makes the pictures of README.md from a real run: `npm run pictures` plays the demo on a private server, and photographs
// what its deploy said and the page that it left, in Debian's Chromium. Needs what test/report/browser.test.ts installs.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';

const root = join(import.meta.dirname, '../..');
const pictures = join(root, 'docs/pictures');
const PROGRAM = '/usr/bin/chromium-headless-shell';
const WIDTH = 1000;
const PAGE = { width: WIDTH, height: 1100 };

const SPANS = {
  1: '<b>',
  2: '<span class="dim">',
  22: '</b></span>',
  31: '<span class="red">',
  32: '<span class="green">',
  33: '<span class="yellow">',
  36: '<span class="cyan">',
  39: '</span>',
};

// biome-ignore lint/suspicious/noControlCharactersInRegex: what terminals are told colours with
const CODE = /\x1b\[(\d+)m/g;

const dir = mkdtempSync(join(tmpdir(), 'pictures-'));
const pids = [];
try {
  const told = playDemo();
  const browser = await chromium.launch({ executablePath: PROGRAM, args: ['--no-sandbox'] });
  const page = await browser.newPage({ viewport: PAGE, colorScheme: 'light' });
  await page.setContent(terminal(deployIn(told)));
  await page.locator('pre').screenshot({ path: join(pictures, 'deploy.png') });
  await page.goto(pathToFileURL(reportIn(dir)).href);
  await page.screenshot({ path: join(pictures, 'report.png') });
  await browser.close();
} finally {
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  rmSync(dir, { recursive: true, force: true });
}

/** What the demo says, in colours. Its server and its site go on until they are killed here. */
function playDemo() {
  const env = { ...process.env, TMPDIR: dir, FORCE_COLOR: '1', COLUMNS: '100' };
  const args = [join(root, 'bin/gateway-migrate.js'), 'demo', '--keep'];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { env, encoding: 'utf8' });
  pids.push(...[...stdout.matchAll(/kill -9 (\d+)/g)].map(([, pid]) => Number(pid)));
  if (status !== 0) throw new Error(`the demo ended with ${status}:\n${stdout}${stderr}`);
  return stdout;
}

/** From `$ gateway-migrate deploy` to the next command; what only tells that work goes on is left out. */
function deployIn(told) {
  const lines = told.split('\n');
  const from = lines.findIndex((line) => line.includes('$ gateway-migrate deploy'));
  const to = lines.findIndex((line, index) => index > from && line.includes('$ gateway-migrate'));
  return lines.slice(from, to).filter((line) => !/· [\d,]+ items of /.test(line));
}

function reportIn(folder) {
  const name = readdirSync(folder, { recursive: true, encoding: 'utf8' }).find((one) => one.endsWith('report.html'));
  if (name === undefined) throw new Error('the deploy has left no page');
  return join(folder, name);
}

/** Lines of a terminal as HTML: the few codes that the tool uses. */
function terminal(lines) {
  const marked = escapeHtml(lines.join('\n').trimEnd()).replace(CODE, (_, code) => SPANS[code] ?? '');
  const font = readFileSync('/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf').toString('base64');
  return `<style>@font-face{font-family:mono;src:url(data:font/ttf;base64,${font})}
body{margin:0}pre{margin:0;display:inline-block;padding:20px 24px;background:#0d1117;color:#e6edf3;font:14px/1.4 mono;border-radius:8px}
.dim{color:#8b949e}.green{color:#56d364}.yellow{color:#e3b341}.red{color:#ff7b72}.cyan{color:#79c0ff}</style><pre>${marked}</pre>`;
}

function escapeHtml(text) {
  return text.replace(/[&<]/g, (char) => (char === '&' ? '&amp;' : '&lt;'));
}
