// A guest link: made, opened once by the other party, who copies settings and is seen; a second browser
// is refused.
import assert from 'node:assert/strict';
import { assertAccessible, assertFits, assertQuiet, go, lftpBehind, logIn, openPage, picture, play,
	story } from './kit.mjs';

async function makeLink(page) {
	await go(page, 'guests');
	await page.getByRole('button', { name: 'New link' }).click();
	const dialog = page.getByRole('dialog');
	await dialog.getByLabel('For whom').fill('Example Ltd.');
	await dialog.getByLabel('User').fill(story.user);
	await dialog.getByRole('button', { name: 'Make the link' }).click();
	const url = await dialog.getByLabel('Link').inputValue();
	await picture(page, 'guest-link-light');
	await dialog.getByRole('button', { name: 'Done' }).click();
	return new URL(new URL(url).pathname, story.url).href;
}

async function assertUsedUp(browser, url) {
	const other = await openPage(browser);

	other.expected.push(/410/);
	await other.goto(url);
	await other.getByText('This link is used up').waitFor();
	assertQuiet(other);
	await other.context().close();
}

await play(async (browser) => {
	const page = await openPage(browser);

	await logIn(page);
	const url = await makeLink(page);
	const guest = await openPage(browser, 'phone');
	await guest.goto(url);
	await guest.getByText(/Your address .* may connect/).waitFor();
	await guest.getByRole('tab', { name: 'lftp' }).click();
	assert.ok((await guest.locator('pre').textContent()).includes(story.user));
	const client = lftpBehind(story.user, story.ftp_password, `set net:limit-total-rate ${story.rate}`,
		`put ${story.file} -o of-guest.bin`);
	await guest.getByText('Logged in', { exact: true }).waitFor();
	await guest.getByText('Data connection arrived').waitFor();
	await assertFits(guest, 'the guest page');
	await picture(guest, 'guest-phone');
	for (const colorScheme of ['light', 'dark']) {
		await guest.emulateMedia({ colorScheme });
		await guest.setViewportSize({ width: 1280, height: 850 });
		await picture(guest, `guest-${colorScheme}`);
		await assertAccessible(guest, 'the guest page');
	}
	await assertUsedUp(browser, url);
	await go(page, 'guests');
	await page.getByText('In use').waitFor();
	await page.getByRole('button', { name: /Watch/ }).click();
	await page.getByRole('dialog').getByText('Logged in').first().waitFor();
	await picture(page, 'guest-watch-light');
	client.stop();
	await client.ended;
	assertQuiet(page);
	assertQuiet(guest);
});
