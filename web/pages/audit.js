// pages/audit.js - every change: who, when, from where, and what it was before and after.
import { html, useState } from '../lib.js';
import { usePaged } from '../api.js';
import { hrefTo } from '../route.js';
import { Dialog } from '../ui/dialog.js';
import { Facts, PageHead } from '../ui/page.js';
import { FilterText, PagedTable, Search, Table } from '../ui/table.js';
import { fromLocalInput, moment } from '../words.js';

function wordsOf(value) {
	return value === undefined || value === null ? '–' : typeof value === 'object' ?
		JSON.stringify(value)
		: String(value);
}

function parsed(side) {
	if (typeof side !== 'string')
		return side || {};
	try {
		return JSON.parse(side) || {};
	} catch {
		return { value: side };
	}
}

// The members that differ, of two objects or of two plain values.
function changesOf(entry) {
	const before = parsed(entry.before), after = parsed(entry.after);
	const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];

	return names.map((name) => ({ name, before: wordsOf(before[name]), after:
		wordsOf(after[name]) }))
		.filter((row) => row.before !== row.after);
}

function Details({ entry, onClose }) {
	return html`<${Dialog} wide title=${`${entry.action}: ${entry.object || ''}`}
		onClose=${onClose}>
		<${Facts} rows=${[['Who', entry.who], ['From', entry.from], ['When',
			moment(entry.time)]]} />
		<${Table} caption="What has changed" rows=${changesOf(entry)} keyOf=${(r) => r.name}
			empty="No value was changed." columns=${[
				{ title: 'What', head: true, cell: (r) => r.name },
				{ title: 'Before', class: 'path', cell: (r) => html`<code>${r.before}</code>` },
				{ title: 'After', class: 'path', cell: (r) => html`<code>${r.after}</code>` },
			]} /><//>`;
}

function Summary({ entry }) {
	const rows = changesOf(entry);
	const words = rows.slice(0, 2).map((row) => `${row.name}: ${row.after}`).join(', ');

	return html`<span class="muted break">${words.slice(0, 160)}${rows.length > 2 ?
		` and ${rows.length - 2} more`
		: ''}</span>`;
}

export function Audit({ route }) {
	const { who, what, since, until, search } = route.query;
	const paged = usePaged('/audit', 'audit', { who, what, since, until, search });
	const [chosen, choose] = useState(null);
	const set = (name) => (value) => location.replace(hrefTo('audit', { ...route.query, [name]:
		value }));
	const columns = [
		{ title: 'Time', cell: (e) => html`<span class="nowrap">${moment(e.time)}</span>` },
		{ title: 'Who', cell: (e) => html`<div>${e.who}<span class="cell-sub">${e.from ||
			''}</span></div>` },
		{ title: 'What', head: true, cell: (e) => html`<span
			class="break">${e.action} ${e.object || ''}</span>` },
		{ title: 'Change', wide: true, cell: (e) => html`<${Summary} entry=${e} />` },
		{ label: 'Actions', cell: (e) => html`<div class="row-actions"><button type="button"
			class="button small"
			onClick=${() => choose(e)}
				aria-label=${`Details of ${e.action} ${e.object || ''}`}>Details</button>
			</div>` },
	];

	return html`<${PageHead} title="Audit"
		lead="Every change that somebody has made, newest first. Nobody can take one out." />
		<div class="tools"><${Search} label="Search the audit" value=${search}
			onSearch=${set('search')} />
			<${FilterText} label="Who" value=${who} onChange=${set('who')} />
			<${FilterText} label="From" type="datetime-local" value=${since ?
				moment(since).replace(' ', 'T')
				.slice(0, 16) : ''} onChange=${(v) => set('since')(fromLocalInput(v) || '')} />
			${Object.values(route.query).some(Boolean) && html`<a class="button"
				href=${hrefTo('audit')}>Clear</a>`}</div>
		<${PagedTable} paged=${paged} noun="changes" caption="Changes, newest first"
			columns=${columns}
			keyOf=${(e) => e.id} empty="No change fits." />
		${chosen && html`<${Details} entry=${chosen} onClose=${() => choose(null)} />`}`;
}
