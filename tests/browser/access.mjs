// Who may do what, by keyboard as well: a wrong password, the code at login, a read-only administrator,
// the skip link, Escape, the folded navigation, and the colours that are kept.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { assertAccessible, assertFits, assertQuiet, go, logIn, openPage, picture, play,
	story } from './kit.mjs';

// RFC 6238, as an authenticator app does it.
function code(secret, at = Date.now()) {
	const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
	let bits = '';

	for (const letter of secret.replace(/=+$/, ''))
		bits += alphabet.indexOf(letter).toString(2).padStart(5, '0');
	const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
	const counter = Buffer.alloc(8);
	counter.writeBigUInt64BE(BigInt(Math.floor(at / 30000)));
	const digest = createHmac('sha1', key).update(counter).digest();
	const offset = digest.at(-1) & 15;
	const number = (digest.readUInt32BE(offset) & 0x7fffffff) % 1000000;
	return String(number).padStart(6, '0');
}

async function assertWrongPassword(browser) {
	const page = await openPage(browser);

	page.expected.push(/401/);
	await page.goto(`${story.url}/`);
	await page.getByLabel('Name').fill(story.admin);
	await page.getByLabel('Password', { exact: true }).fill('not this one');
	await page.keyboard.press('Enter');
	await page.getByRole('alert').waitFor();
	await picture(page, 'login-refused-light');
	assertQuiet(page);
	await page.context().close();
}

// Switches the code on, and logs in with the next one: a code that was used is not taken again.
async function assertCode(browser) {
	const page = await openPage(browser);

	await logIn(page);
	await go(page, 'account');
	await page.getByRole('button', { name: 'Set it up' }).click();
	const uri = await page.locator('pre').textContent();
	const secret = new URL(uri).searchParams.get('secret');
	await picture(page, 'account-code-light');
	await assertAccessible(page, 'the set-up of the code');
	await page.getByLabel('Code that the app shows').fill(code(secret, Date.now() - 30000));
	await page.getByRole('button', { name: 'Switch it on' }).click();
	await page.getByText('A code is asked for when you log in.', { exact: true }).waitFor();
	await page.getByRole('button', { name: 'Log out' }).click();
	page.expected.push(/401/);
	await page.getByLabel('Name').fill(story.admin);
	await page.getByLabel('Password', { exact: true }).fill(story.password);
	await page.getByRole('button', { name: 'Log in' }).click();
	await page.getByLabel('Code').fill(code(secret));
	await picture(page, 'login-code-light');
	await page.getByRole('button', { name: 'Log in' }).click();
	await page.getByLabel('Password, to switch it off').fill(story.password);
	await page.getByRole('button', { name: 'Switch it off' }).click();
	await page.getByRole('button', { name: 'Set it up' }).waitFor();
	assertQuiet(page);
	await page.context().close();
}

async function assertReadOnly(browser) {
	const page = await openPage(browser);

	await logIn(page, story.reader, story.password);
	await go(page, 'users');
	await page.getByRole('row').nth(1).waitFor();
	assert.equal(await page.getByRole('button', { name: 'New user' }).count(), 0);
	assert.equal(await page.getByRole('switch').count(), 0);
	assert.equal(await page.getByRole('link', { name: 'Audit' }).count(), 0);
	await go(page, 'settings');
	assert.ok(await page.locator('.setting input').first().isDisabled());
	assertQuiet(page);
	await page.context().close();
}

async function assertKeyboard(browser) {
	const page = await openPage(browser);

	await logIn(page);
	await page.reload();
	await page.getByRole('heading', { name: 'Overview' }).waitFor();
	await page.evaluate(() => document.activeElement.blur());
	await page.keyboard.press('Tab');
	assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Skip to the content');
	await page.keyboard.press('Enter');
	assert.equal(await page.evaluate(() => document.activeElement.id), 'main');
	await go(page, 'users');
	const button = page.getByRole('button', { name: 'New user' });
	await button.focus();
	await page.keyboard.press('Enter');
	await page.getByRole('dialog').waitFor();
	for (let i = 0; i < 12; i++) {
		await page.keyboard.press('Tab');
		assert.ok(await page.evaluate(() => document.activeElement === document.body ||
			Boolean(document.activeElement.closest('dialog'))), 'the focus left the dialog');
	}
	await page.keyboard.press('Escape');
	await page.getByRole('dialog').waitFor({ state: 'detached' });
	assert.ok(await button.evaluate((node) => node === document.activeElement),
		'the focus is not where it was');
	await go(page, 'connectivity');
	await page.getByRole('tab', { name: 'Client networks' }).focus();
	await page.keyboard.press('ArrowRight');
	await page.getByRole('tab', { name: 'Passive ports', selected: true }).waitFor();
	assertQuiet(page);
	await page.context().close();
}

async function assertColoursAreKept(browser) {
	const page = await openPage(browser, 'dark');

	await page.goto(`${story.url}/`);
	await page.getByRole('button', { name: /Colours: auto/ }).click();
	const light = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
	await page.reload();
	await page.getByRole('button', { name: /Colours: light/ }).waitFor();
	assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), light);
	await page.getByRole('button', { name: /Colours: light/ }).click();
	assert.notEqual(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), light);
	assertQuiet(page);
	await page.context().close();
}

async function assertNavigationFolds(browser) {
	const page = await openPage(browser, 'phone');

	await logIn(page);
	assert.ok(!await page.getByRole('link', { name: 'Certificates' }).isVisible());
	await page.getByRole('button', { name: 'Menu' }).click();
	await picture(page, 'menu-phone');
	await assertAccessible(page, 'the open menu');
	await page.getByRole('link', { name: 'Certificates', exact: true }).click();
	await page.getByRole('heading', { name: 'Certificates', level: 1 }).waitFor();
	await page.getByRole('navigation').waitFor({ state: 'hidden' });
	await assertFits(page, 'certificates');
	assertQuiet(page);
	await page.context().close();
}

await play(async (browser) => {
	await assertWrongPassword(browser);
	await assertColoursAreKept(browser);
	await assertKeyboard(browser);
	await assertNavigationFolds(browser);
	await assertReadOnly(browser);
	await assertCode(browser);
});
