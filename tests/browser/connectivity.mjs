// A client whose data connections a firewall drops appears on Connectivity, with the cause, the remedy and
// the letter; the ports that it was sent to are red. Clients of another network get through.
import assert from 'node:assert/strict';
import { assertAccessible, assertFits, assertQuiet, go, lftp, logIn, openPage, picture, play, row,
	story } from './kit.mjs';

async function assertNetwork(page) {
	await go(page, 'connectivity');
	const stuck = row(page, story.blocked_network);
	await stuck.getByText('Stuck').waitFor();
	await stuck.getByText('D-20').waitFor();
	await row(page, story.open_network).getByText('Gets through').waitFor();
	await picture(page, 'connectivity-stuck-light');
	await stuck.getByRole('link').first().click();
	await page.getByText('What to do:').waitFor();
	await page.getByText(/^D-20/).first().waitFor();
	const letter = await page.getByRole('region', { name: 'Letter', exact: true }).textContent();
	assert.ok(letter.includes(story.passive), `the letter lacks ${story.passive}: ${letter}`);
	await page.getByText('Recent failures').waitFor();
	await page.getByText('never came').first().waitFor();
	await page.getByText(/^227 /).first().waitFor();
	const text = await page.locator('main').textContent();
	assert.ok(!text.includes(story.ftp_password), 'the password stands in a timeline');
}

await play(async (browser) => {
	const blocked = [`set net:socket-bind-ipv4 ${story.blocked}`, 'set net:timeout 5'];
	const open = [`set net:socket-bind-ipv4 ${story.open}`];
	const page = await openPage(browser);

	await logIn(page);
	await lftp(story.user, story.ftp_password, ...open, `put ${story.small} -o open.bin`);
	await assert.rejects(lftp(story.user, story.ftp_password, ...blocked, `put ${story.small} -o no.bin`));
	await assertNetwork(page);
	for (const look of ['light', 'dark', 'phone']) {
		const one = await openPage(browser, look);
		await logIn(one);
		await go(one, `connectivity/${encodeURIComponent(story.blocked_network)}`);
		await assertFits(one, 'a stuck network');
		await picture(one, `network-${look}`);
		await assertAccessible(one, 'a stuck network');
		await go(one, 'connectivity/ports');
		await picture(one, `ports-stripes-${look}`);
		await assertAccessible(one, 'the map of the ports');
		assert.ok(await one.locator('.ports .blocked').count() > 0, 'no port is red');
		assert.ok(await one.locator('.ports .open').count() > 0, 'no port is green');
		assertQuiet(one);
		await one.context().close();
	}
	assertQuiet(page);
});
