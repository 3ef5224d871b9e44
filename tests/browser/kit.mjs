// kit.mjs - what the stories share: a browser that is watched, steps, pictures, and a look at
// accessibility. A story is a program: exit status 0, or an error that says what was not as it should
// be. What it is told stands in the environment variable STORY, as JSON.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { promisify } from 'node:util';

const root = path.resolve(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname),
	'../..');
const require = createRequire(path.join(root, 'web/package.json'));
const { chromium } = require('playwright-core');
const axe = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

export const story = JSON.parse(process.env.STORY || '{}');
export const PICTURES = path.join(root, 'build/browser');
export const LOOKS = {
	light: { viewport: { width: 1280, height: 850 }, colorScheme: 'light' },
	dark: { viewport: { width: 1280, height: 850 }, colorScheme: 'dark' },
	phone: { viewport: { width: 360, height: 740 }, colorScheme: 'light', hasTouch: true },
};
const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
	'--disable-background-networking', '--disable-component-update', '--disable-sync'];
const PATIENCE_MS = 20000;

fs.mkdirSync(PICTURES, { recursive: true });

// Opens a browser, runs the work, closes it. Where a story breaks, the pages are left as pictures.
export async function play(work) {
	const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: FLAGS });
	try {
		await work(browser);
	} catch (error) {
		const pages = browser.contexts().flatMap((context) => context.pages());
		for (const [i, page] of pages.entries()) {
			await picture(page, `broken-${path.basename(process.argv[1], '.mjs')}-${i}`);
			console.log(page.url(), page.complaints);
		}
		throw error;
	} finally {
		await browser.close();
	}
}

// A page that is watched: no error, no refusal by the policy, no request to another host. Requests
// that are refused on purpose are announced: page.expected.push(/regex of status and address/).
export async function openPage(browser, look = 'light') {
	const context = await browser.newContext({ ...LOOKS[look], ignoreHTTPSErrors: true,
		reducedMotion: 'reduce' });
	const page = await context.newPage();
	const host = new URL(story.url).host;

	page.expected = [];
	page.complaints = [];
	page.setDefaultTimeout(PATIENCE_MS);
	page.on('pageerror', (error) => page.complaints.push(`error: ${error.stack}`));
	page.on('console', (message) => {
		const text = `${message.text()} ${message.location().url}`;
		if (['error', 'warning'].includes(message.type()) && !page.expected.some((e) => e.test(text)))
			page.complaints.push(`console: ${text}`);
	});
	page.on('request', (request) => {
		const url = new URL(request.url());
		if (url.host !== host && !['data:', 'blob:'].includes(url.protocol))
			page.complaints.push(`a request to another host: ${request.url()}`);
	});
	return page;
}

export function assertQuiet(page) {
	assert.deepEqual(page.complaints, [], 'the browser complained');
}

export async function go(page, hash) {
	const isElsewhere = page.url().split('#')[0] !== `${story.url}/`;

	if (isElsewhere)
		await page.goto(`${story.url}/#/${hash}`);
	else
		await page.evaluate((next) => { location.hash = next; }, `#/${hash}`);
	await ready(page);
}

// The page has its data: nothing says "loading" any more.
export async function ready(page) {
	await page.waitForSelector('h1');
	await page.waitForFunction(() => !document.querySelector('.loading, .boot'));
}

export async function logIn(page, name = story.admin, password = story.password) {
	await page.goto(`${story.url}/#/overview`);
	await page.getByLabel('Name').fill(name);
	await page.getByLabel('Password', { exact: true }).fill(password);
	await page.getByRole('button', { name: 'Log in' }).click();
	await page.waitForSelector('main#main');
	await ready(page);
}

export async function picture(page, name) {
	await page.screenshot({ path: path.join(PICTURES, `${name}.png`), fullPage: true });
}

// Nothing hangs over the right edge; tables, code and tabs may be scrolled in themselves.
export async function assertFits(page, name) {
	const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);

	assert.ok(over <= 0, `${name} is ${over} px wider than the screen`);
}

// axe finds nothing serious. It is evaluated past the page's policy, as a developer's tool is.
export async function assertAccessible(page, name) {
	const tools = await page.context().newCDPSession(page);
	const has = await tools.send('Runtime.evaluate', { expression: 'typeof axe' });

	if (has.result.value !== 'object')
		await tools.send('Runtime.evaluate', { expression: axe });
	const { result } = await tools.send('Runtime.evaluate', {
		expression: `axe.run({ resultTypes: ['violations'] }).then((found) => found.violations
			.filter((v) => ['serious', 'critical'].includes(v.impact))
			.map((v) => v.id + ': ' + v.nodes.map((n) => n.html.slice(0, 200)).join(' | ')))`,
		awaitPromise: true, returnByValue: true,
	});
	await tools.detach();
	assert.deepEqual(result.value, [], `axe on ${name}`);
}

// --- other programs --------------------------------------------------------------------------------

export const run = promisify(execFile);

export function sallyport(...args) {
	return run(story.sallyport, ['--config', story.config, ...args], { timeout: 60000 });
}

function lftpArguments(user, password, commands) {
	const settings = [`set ssl:ca-file ${story.ca}`, 'set ftp:ssl-force yes',
		'set ftp:passive-mode yes', 'set ftp:auto-passive-mode no', 'set net:max-retries 1',
		'set net:reconnect-interval-base 1',
		'set net:timeout 20', 'set cmd:fail-exit yes', ...(story.lftp || [])];

	return ['-u', `${user},${password}`, '-e', [...settings, ...commands, 'bye'].join('; '),
		`ftp://${story.ftp_host}:${story.ftp_port}`];
}

export function lftp(user, password, ...commands) {
	return run('lftp', lftpArguments(user, password, commands), { timeout: 60000 });
}

// The same, while the story goes on: {ended: promise of {code, errors}, stop()}.
export function lftpBehind(user, password, ...commands) {
	const child = spawn('lftp', lftpArguments(user, password, commands),
		{ stdio: ['ignore', 'ignore', 'pipe'] });
	let errors = '';

	child.stderr.on('data', (data) => { errors += data; });
	const ended = new Promise((resolve) => child.on('close', (code) => resolve({ code, errors })));
	return { ended, stop: () => child.kill() };
}

// --- looking ---------------------------------------------------------------------------------------

// The row of a table that has the text in its heading cell.
export function row(page, text) {
	return page.getByRole('row').filter({ has: page.getByRole('rowheader', { name: text }) });
}
