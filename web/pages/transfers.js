// pages/transfers.js - what was transferred and changed, how it ended, and over which data
// connection.
import { html, useState } from '../lib.js';
import { usePaged } from '../api.js';
import { hrefTo } from '../route.js';
import { useSlowly, useTopic } from '../live.js';
import { Dialog } from '../ui/dialog.js';
import { Facts, PageHead } from '../ui/page.js';
import { Badge, Status } from '../ui/status.js';
import { Filter, FilterText, PagedTable } from '../ui/table.js';
import { DataRecord } from '../ui/timeline.js';
import { bytes, fromLocalInput, moment, rate, seconds } from '../words.js';

const KINDS = ['upload', 'download', 'delete', 'rename', 'mkdir', 'rmdir', 'copy'];
const ENDS = {
	proven: ['ok', 'Proven', 'The end of the file was announced by TLS, or size or hash agree.'],
	likely: ['note', 'Likely', 'The connection closed in order; nothing proves that all was sent.'],
	truncated: ['bad', 'Truncated', 'Less has come than was announced.'],
	broken: ['bad', 'Broken', 'The connection broke before the end.'],
};

function hasFailed(record) {
	return record.result !== 'complete'; // else it says why not
}

function Result({ record }) {
	return hasFailed(record) ? html`<${Status} kind="bad">Failed<//>` : html`<${Status}
		kind="ok">Complete<//>`;
}

function End({ record }) {
	const [kind, words, title] = ENDS[record.end] || ['idle', record.end || '–', ''];

	return html`<${Badge} kind=${kind} title=${title}>${words}<//>`;
}

function Details({ record, onClose }) {
	const end = ENDS[record.end];

	return html`<${Dialog} title=${`${record.kind}: ${record.path}`} wide onClose=${onClose}>
		<${Facts} rows=${[
			['Result', html`<span><${Result} record=${record} />${hasFailed(record) && html` <span
				class="muted">${record.result}</span>`}</span>`],
			['End state', record.end ? html`<span><${End} record=${record} /> <span
				class="muted">${end
				? end[2] : ''}</span></span>` : undefined],
			['User', html`<a href=${hrefTo('users', record.user)}>${record.user}</a>`],
			['From', record.address],
			['Ended', moment(record.ended)],
			['Size', bytes(record.bytes)],
			['Took', `${seconds(record.seconds)}${record.seconds > 0 && record.bytes
				? `, ${rate(record.bytes / record.seconds)}` : ''}`],
			['New path', record.new_path || undefined],
			['SHA-256', record.sha256 ? html`<code>${record.sha256}</code>` : undefined],
			['Session', html`<a href=${hrefTo('sessions',
				String(record.session))}>${record.session}</a>`],
		]} />
		<div><h3>Data connection</h3>${record.data ? html`<${DataRecord} data=${record.data} />`
			: html`<p class="muted">Nothing was sent over a data connection.</p>`}</div>
	<//>`;
}

function Filters({ query }) {
	const set = (name, read = (v) => v) => (value) => location.replace(hrefTo('transfers',
		{ ...query, [name]: value ? read(value) : '' }));
	const local = (text) => text ? moment(text).replace(' ', 'T').slice(0, 16) : '';

	return html`<div class="tools">
		<${FilterText} label="User" value=${query.user} onChange=${set('user')} />
		<${Filter} label="Kind" value=${query.kind} onChange=${set('kind')}
			options=${[['', 'All'], ...KINDS.map((kind) => [kind, kind])]} />
		<${Filter} label="Result" value=${query.result} onChange=${set('result')}
			options=${[['', 'All'], ['complete', 'Complete'], ['failed', 'Failed']]} />
		<${Filter} label="End state" value=${query.state} onChange=${set('state')}
			options=${[['', 'All'], ...Object.entries(ENDS).map(([v, [, words]]) => [v, words])]} />
		<${FilterText} label="Path" value=${query.path} onChange=${set('path')}
			placeholder="/reports" />
		<${FilterText} label="Address" value=${query.address} onChange=${set('address')} />
		<${FilterText} label="From" type="datetime-local" value=${local(query.since)}
			onChange=${set('since', fromLocalInput)} />
		<${FilterText} label="To" type="datetime-local" value=${local(query.until)}
			onChange=${set('until', fromLocalInput)} />
		${Object.values(query).some(Boolean) && html`<a class="button"
			href=${hrefTo('transfers')}>Clear</a>`}
	</div>`;
}

export function Transfers({ route }) {
	const { user, kind, path, result, state, address, since, until } = route.query;
	const paged = usePaged('/transfers', 'transfers', { user, kind, path, result, state, address,
		since,
		until });
	const [chosen, choose] = useState(null);
	const reload = useSlowly(() => paged.rows.length <= 100 && paged.reload(), 3000);
	const columns = [
		{ title: 'Ended', cell: (r) => html`<span class="nowrap">${moment(r.ended)}</span>` },
		{ title: 'User', cell: (r) => r.user },
		{ title: 'What', head: true, class: 'path', cell: (r) => html`<span><span
			class="muted">${r.kind}</span>
			${' '}${r.path}</span>` },
		{ title: 'Size', num: true, cell: (r) => bytes(r.bytes) },
		{ title: 'Rate', num: true, cell: (r) => r.seconds > 0 && r.bytes ?
			rate(r.bytes / r.seconds) : '–' },
		{ title: 'Result', cell: (r) => html`<${Result} record=${r} />` },
		{ title: 'End', cell: (r) => r.end ? html`<${End} record=${r} />` : '–' },
		{ label: 'Actions', cell: (r) => html`<div class="row-actions"><button type="button"
			class="button small" onClick=${() => choose(r)}
			aria-label=${`Details of ${r.kind} ${r.path}`}>Details</button></div>` },
	];

	useTopic('transfers', reload);
	useTopic('events', reload);
	return html`<${PageHead} title="Transfers" lead="Everything that was uploaded, downloaded or
		changed, newest
		first, and what proves that it is whole." />
		<${Filters} query=${route.query} />
		<${PagedTable} paged=${paged} noun="records" caption="Transfers and changes, newest first"
			columns=${columns} keyOf=${(r) => r.id} empty="No record fits." />
		${chosen && html`<${Details} record=${chosen} onClose=${() => choose(null)} />`}`;
}
