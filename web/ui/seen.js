// ui/seen.js - what the server sees of somebody: connections, logins, data connections, the cause.
import { html } from '../lib.js';
import { Status } from './status.js';
import { clock } from '../words.js';

const WHAT = {
	connection: ['note', 'Connected'], connected: ['note', 'Connected'], disconnected: ['idle',
		'Disconnected'],
	login: ['ok', 'Logged in'], 'login-failed': ['bad', 'Login failed'], logout: ['idle',
		'Logged out'],
	tls: ['ok', 'Encrypted'], ban: ['bad', 'Banned'],
	offered: ['note', 'Data connection offered'], arrived: ['ok', 'Data connection arrived'],
	never: ['bad', 'Data connection never came'], 'data-failed': ['bad', 'Data connection failed'],
	upload: ['ok', 'Uploaded'], download: ['ok', 'Downloaded'], opened: ['note', 'Opened the page'],
	elsewhere: ['bad', 'Data connection came from elsewhere'],
};

export function Seen({ items }) {
	if (items.length === 0)
		return html`<p class="muted" role="status">Nothing yet. It appears here within a second of
			an attempt.</p>`;
	return html`<ol class="steps" aria-live="polite">${items.map((item, i) => {
		const [usual, words] = WHAT[item.what] || ['note', item.what];
		const kind = item.severity === 'problem' ? 'bad' : item.severity === 'warning' ? 'warn' : usual;
		return html`<li key=${i} class="seen"><${Status} kind=${kind}><span
			class="unseen">${kind}</span><//>
			<div><p class="strong">${words}</p>${(item.text || item.detail) && html`<p
				class="muted break">${
				item.text || item.detail}</p>`}
			${item.cause && html`<p class="break">${typeof item.cause === 'string' ? item.cause
				: `${item.cause.id}: ${item.cause.title}. ${item.cause.remedy || ''}`}</p>`}</div>
			<time class="time" datetime=${item.time}>${clock(item.time)}</time></li>`;
	})}</ol>`;
}
