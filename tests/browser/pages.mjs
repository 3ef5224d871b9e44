// Every page in light, in dark and on a phone: it fits, axe finds nothing serious, the console is quiet,
// nothing comes from another host; a picture of each is left behind.
import { assertAccessible, assertFits, assertQuiet, go, logIn, openPage, picture, play, ready,
	story } from './kit.mjs';

const PAGES = { overview: 'overview', sessions: 'sessions', transfers: 'transfers',
	connectivity: 'connectivity', ports: 'connectivity/ports', events: 'events', users: 'users',
	user: `users/${story.user}`, groups: 'groups', group: `groups/${story.group}`, bans: 'bans',
	settings: 'settings', certificates: 'certificates', firewall: 'firewall', doctor: 'doctor',
	guests: 'guests', administrators: 'admins', audit: 'audit', account: 'account' };

async function look(page, name) {
	if (name.startsWith('overview'))
		await page.waitForFunction(() => document.querySelector('.live.up'));
	await assertFits(page, name);
	await picture(page, name);
	await assertAccessible(page, name);
}

await play(async (browser) => {
	const wanted = story.looks;

	for (const kind of wanted) {
		const page = await openPage(browser, kind);
		await page.goto(`${story.url}/`);
		await page.getByRole('heading', { name: 'Log in' }).waitFor();
		await look(page, `login-${kind}`);
		page.expected.push(/401.*auth\/me/);
		await logIn(page);
		for (const [name, hash] of Object.entries(PAGES)) {
			await go(page, hash);
			await look(page, `${name}-${kind}`);
			assertQuiet(page);
		}
		await page.context().close();
	}
});
