// The server examined by itself: the steps come live, the answer stays, and the sheet for firewalls and a
// setting that does not fit say what they have to say.
import assert from 'node:assert/strict';
import { assertAccessible, assertFits, assertQuiet, go, logIn, openPage, picture, play,
	story } from './kit.mjs';

async function examine(page) {
	await go(page, 'doctor');
	await page.getByRole('radio', { name: 'Another one' }).check();
	await page.getByLabel('Host').fill(story.ftp_host);
	await page.getByLabel('Port').fill(String(story.ftp_port));
	await page.getByLabel('User').fill(story.user);
	await page.getByLabel(/^Password/).fill(story.ftp_password);
	await page.getByRole('button', { name: 'Examine' }).click();
	await page.getByRole('heading', { name: 'Steps' }).waitFor();
	await page.getByRole('heading', { name: 'Answer' }).waitFor({ timeout: 60000 });
	await picture(page, 'doctor-answer-light');
	await assertAccessible(page, 'the answer of the doctor');
	await assertFits(page, 'the answer of the doctor');
	const report = page.waitForEvent('download');
	await page.getByRole('link', { name: 'Markdown' }).click();
	assert.match((await report).suggestedFilename(), /\.md$/);
	assert.ok(!(await page.locator('main').textContent()).includes(story.ftp_password));
}

async function assertFirewall(page) {
	await go(page, 'firewall');
	await page.getByRole('tab', { name: 'nftables' }).click();
	await page.locator('pre').filter({ hasText: 'dport' }).waitFor();
	await page.getByLabel('Their list').fill('tcp 1-2');
	await page.getByRole('button', { name: 'Compare' }).click();
	await page.getByText('These are missing').waitFor();
	await picture(page, 'firewall-missing-light');
}

async function assertSettings(page) {
	await go(page, 'settings?search=idle_timeout');
	await page.getByLabel('idle_timeout').fill('soon');
	await page.getByRole('button', { name: 'Save and apply' }).click();
	await page.locator('.setting .field-error').waitFor();
	await picture(page, 'settings-refused-light');
	await page.getByLabel('idle_timeout').fill('90');
	await page.getByRole('button', { name: 'Save and apply' }).click();
	await page.getByText('set here').waitFor();
	await go(page, 'settings?search=explicit_ports');
	assert.ok(await page.getByLabel('explicit_ports').isDisabled(), 'the file is stronger');
	await go(page, 'settings');
	await page.getByRole('button', { name: 'Detect' }).click();
	await page.getByRole('button', { name: /^Take/ }).first().waitFor();
	await picture(page, 'settings-detected-light');
}

await play(async (browser) => {
	const page = await openPage(browser);

	await logIn(page);
	await assertFirewall(page);
	await assertSettings(page);
	await examine(page);
	assertQuiet(page);
});
