// A certificate is uploaded: ones that do not fit are refused with the reason, a good one is served at
// once, while a session goes on.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import tls from 'node:tls';
import { assertAccessible, assertQuiet, go, lftpBehind, logIn, openPage, picture, play, ready, row,
	story } from './kit.mjs';

async function tryUpload(page, certificate, key) {
	const dialog = page.getByRole('dialog');

	await dialog.getByLabel('Certificate and chain').fill(fs.readFileSync(certificate, 'utf8'));
	await dialog.getByLabel('Private key').fill(fs.readFileSync(key, 'utf8'));
	await dialog.getByRole('button', { name: 'Check and serve it' }).click();
	return dialog;
}

async function assertRefused(page, certificate, key, reason, name) {
	const dialog = await tryUpload(page, certificate, key);

	await dialog.locator('.field-error, .form-error').filter({ hasText: reason }).waitFor();
	if (name)
		await picture(page, name);
}

// The serial number of what the implicit port shows.
function served() {
	return new Promise((resolve, reject) => {
		const socket = tls.connect({ host: story.ftp_host, port: story.implicit_port,
			rejectUnauthorized: false }, () => {
			resolve(socket.getPeerCertificate().serialNumber);
			socket.destroy();
		});
		socket.on('error', reject);
	});
}

await play(async (browser) => {
	const page = await openPage(browser);
	const before = await served();

	await logIn(page);
	const client = lftpBehind(story.user, story.ftp_password, `set net:limit-total-rate ${story.rate}`,
		`put ${story.file} -o big.bin`);
	await go(page, 'sessions');
	await row(page, story.user).getByText('Upload /big.bin').waitFor();
	await go(page, 'certificates');
	await picture(page, 'certificates-before-light');
	await page.getByRole('button', { name: 'Upload' }).first().click();
	page.expected.push(/422/);
	await assertRefused(page, story.good, story.other_key, /key/i, 'certificate-refused-light');
	await assertAccessible(page, 'a refused certificate');
	await assertRefused(page, story.leaf, story.good_key, /chain|issuer|intermediate/i);
	await assertRefused(page, story.expired, story.expired_key, /expired/i);
	assert.equal(await served(), before, 'a refused certificate is served');
	await tryUpload(page, story.good, story.good_key);
	await page.getByRole('dialog').waitFor({ state: 'detached' });
	await page.getByText('uploaded', { exact: true }).first().waitFor();
	await ready(page);
	await picture(page, 'certificates-uploaded-light');
	assert.notEqual(await served(), before, 'the old certificate is served');
	await go(page, 'sessions');
	await row(page, story.user).getByText('Upload /big.bin').waitFor();
	client.stop();
	await client.ended;
	assertQuiet(page);
});
