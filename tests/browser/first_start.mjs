// First start: the one-time link makes the administrator; a user is created, uploads, is seen live and in
// the history, is disabled with one click, is thrown out, and has the red cross.
import assert from 'node:assert/strict';
import { assertAccessible, assertQuiet, go, lftp, lftpBehind, openPage, picture, play, ready, row,
	story } from './kit.mjs';

const ADMIN = 'anna', ADMIN_PASSWORD = 'seven quiet bridges';
const USER = 'alice', PASSWORD = 'a horse of another colour';

async function makeAdministrator(page) {
	await page.goto(story.link);
	await page.getByLabel('Your name').fill(ADMIN);
	await page.getByLabel('Password', { exact: true }).fill(ADMIN_PASSWORD);
	await page.getByLabel('Password again').fill('something else');
	await page.getByRole('button', { name: 'Make the administrator' }).click();
	await page.getByText('The two passwords differ').waitFor();
	await picture(page, 'setup-light');
	await assertAccessible(page, 'the set-up page');
	await page.getByLabel('Password again').fill(ADMIN_PASSWORD);
	await page.getByRole('button', { name: 'Make the administrator' }).click();
	await page.getByRole('heading', { name: 'Overview' }).waitFor();
	assert.ok(!page.url().includes('token'), 'the token stays in the address');
}

// The link has made its administrator; nobody makes another one with it.
async function assertLinkIsUsedUp(browser) {
	const page = await openPage(browser);

	await page.goto(story.link);
	await page.getByText('This server is set up').waitFor();
	assertQuiet(page);
	await page.context().close();
}

async function createUser(page) {
	await go(page, 'users');
	await page.getByRole('button', { name: 'New user' }).click();
	const dialog = page.getByRole('dialog');
	await dialog.getByLabel('Name', { exact: true }).fill('no/slash');
	await dialog.getByLabel('Password', { exact: true }).fill(PASSWORD);
	page.expected.push(/422/);
	await dialog.getByRole('button', { name: 'Create the user' }).click();
	await dialog.locator('.field-error').waitFor();
	await picture(page, 'user-new-light');
	await assertAccessible(page, 'the dialog of a new user');
	await dialog.getByLabel('Name', { exact: true }).fill(USER);
	await dialog.getByRole('button', { name: 'Create the user' }).click();
	await page.getByRole('heading', { name: USER, level: 1 }).waitFor();
	await go(page, 'users');
	await row(page, USER).getByText('Enabled').waitFor();
}

async function upload(page) {
	await go(page, 'sessions');
	const client = lftpBehind(USER, PASSWORD, `set net:limit-total-rate ${story.rate}`,
		`put ${story.file} -o big.bin`);
	const live = row(page, USER);
	await live.getByText('Upload /big.bin').waitFor();
	await live.getByText(/TLSv1\.3/).waitFor();
	await picture(page, 'sessions-live-light');
	return client;
}

async function assertHistory(page) {
	await lftp(USER, PASSWORD, `put ${story.small} -o small.bin`);
	await go(page, `transfers?user=${USER}`);
	await row(page, '/small.bin').getByText('Complete').waitFor();
	await row(page, '/small.bin').getByRole('button', { name: /Details/ }).click();
	await page.getByRole('dialog').getByText('Data connection', { exact: true }).waitFor();
	await picture(page, 'transfer-light');
	await page.keyboard.press('Escape');
	await page.getByRole('dialog').waitFor({ state: 'detached' });
}

async function disable(page, client) {
	await go(page, 'users');
	await row(page, USER).getByRole('switch').click();
	await row(page, USER).getByText('Disabled').waitFor();
	const { code, errors } = await client.ended;
	assert.notEqual(code, 0, 'the upload went on');
	await assert.rejects(lftp(USER, PASSWORD, 'ls'), /Login|530/, `after: ${errors}`);
	await picture(page, 'users-disabled-light');
	await go(page, 'sessions');
	await page.getByText('Nobody is connected at the moment.').waitFor();
}

await play(async (browser) => {
	const page = await openPage(browser);

	await makeAdministrator(page);
	await assertLinkIsUsedUp(browser);
	await createUser(page);
	const client = await upload(page);
	await assertHistory(page);
	await disable(page, client);
	await page.getByRole('button', { name: 'Log out' }).click();
	await page.getByRole('heading', { name: 'Log in' }).waitFor();
	await ready(page);
	assertQuiet(page);
});
