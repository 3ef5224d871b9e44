// ui/status.js - green checks, red crosses, and the words beside them: colour never stands alone.
import { html } from '../lib.js';
import { Icon } from './icon.js';

const ICONS = { ok: 'check', bad: 'cross', warn: 'warning', note: 'note', idle: 'dash' };

// kind: ok, bad, warn, note, idle.
export function Status({ kind, children }) {
	return html`<span class=${`status ${kind}`}><span class="status-mark"><${Icon}
		name=${ICONS[kind]}
		size="12" /></span><span>${children}</span></span>`;
}

export function Check({ children }) {
	return html`<${Status} kind="ok">${children}<//>`;
}

export function Cross({ children }) {
	return html`<${Status} kind="bad">${children}<//>`;
}

export function Badge({ kind = 'idle', children, title }) {
	return html`<span class=${`badge ${kind}`} title=${title}>${children}</span>`;
}

// What the API's words for severity look like.
export function kindOf(severity) {
	return { problem: 'bad', error: 'bad', warning: 'warn', note: 'note', info: 'note', ok: 'ok',
		attention: 'warn', debug: 'idle' }[severity] || 'idle';
}
