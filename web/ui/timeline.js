// ui/timeline.js - the dialogue of a session, with its data connections in between.
import { html } from '../lib.js';
import { Badge } from './status.js';
import { Facts } from './page.js';
import { clock, seconds } from '../words.js';

export const OUTCOMES = {
	arrived: ['ok', 'arrived'],
	never: ['bad', 'never came'],
	elsewhere: ['bad', 'came from elsewhere'],
	refused: ['bad', 'refused'],
	'tls-failed': ['bad', 'TLS failed'],
};
const MODES = { pasv: 'passive (PASV)', epsv: 'passive (EPSV)', port: 'active (PORT)',
	eprt: 'active (EPRT)' };

export function Outcome({ outcome }) {
	const [kind, words] = OUTCOMES[outcome] || ['idle', outcome || 'unknown'];

	return html`<${Badge} kind=${kind}>${words}<//>`;
}

// The record of one data connection in words.
export function DataRecord({ data }) {
	return html`<${Facts} rows=${[
		['Mode', MODES[data.mode] || data.mode],
		['Port', data.port || undefined],
		['Address that was told', data.advertised || undefined],
		['Came from', data.peer || (data.outcome === 'never' ? 'nobody came' : null)],
		['Outcome', html`<${Outcome} outcome=${data.outcome} />`],
		['Waited', data.waited_ms !== undefined && data.waited_ms !== null
			? seconds(data.waited_ms / 1000) : undefined],
		['Encryption', data.tls ? `TLS${data.resumed ?
			', session resumed' : ', session not resumed'}` : 'none'],
		['Cause', data.cause || undefined],
	]} />`;
}

// A record that does not know its moment stands at the end.
function when(entry) {
	return entry.time ? new Date(entry.time).getTime() : Number.MAX_SAFE_INTEGER;
}

function Time({ entry }) {
	return entry.time ? html`<time datetime=${entry.time}>${clock(entry.time)}</time>` :
		html`<span></span>`;
}

export function Timeline({ lines = [], data = [] }) {
	const entries = [...lines.map((line) => ({ ...line, isLine: true })), ...(data || [])].sort((a,
		b) =>
		when(a) - when(b));

	if (entries.length === 0)
		return html`<p class="muted">Nothing is recorded of this session any more.</p>`;
	return html`<ol class="timeline">${entries.map((entry, i) => entry.isLine
		? html`<li key=${i} class=${`${entry.from} ${/^[45]/.test(entry.text) &&
			entry.from === 'server'
			? 'failed' : ''}`}>
			<${Time} entry=${entry} />
			<span class="from">${entry.from}</span><span class="text">${entry.text}</span></li>`
		: html`<li key=${i} class="data"><${Time} entry=${entry} />
			<span class="from">data</span><span class="text">${entry.mode}${entry.port
				? ` port ${entry.port}` : ''} <${Outcome}
					outcome=${entry.outcome} /> ${entry.cause || ''}
			</span></li>`)}</ol>`;
}
