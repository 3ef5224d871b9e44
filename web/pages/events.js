// pages/events.js - what has happened: search, follow live, export.
import { html, useState } from '../lib.js';
import { urlOf, usePaged } from '../api.js';
import { hrefTo } from '../route.js';
import { useTopic } from '../live.js';
import { Icon } from '../ui/icon.js';
import { PageHead } from '../ui/page.js';
import { Badge, kindOf } from '../ui/status.js';
import { Filter, FilterText, PagedTable, Search } from '../ui/table.js';
import { fromLocalInput, moment } from '../words.js';

const KINDS = ['login', 'login-failed', 'logout', 'upload', 'download', 'delete', 'rename',
	'mkdir', 'rmdir', 'copy', 'data-failed', 'handshake-failed', 'kick', 'ban', 'change',
	'server'];
const MOST_LIVE = 500;

function fits(event, query) {
	const text = [event.text, event.user, event.address, event.kind].join(' ').toLowerCase();

	return (!query.kind || event.kind === query.kind) && (!query.user ||
		event.user === query.user) &&
		(!query.severity || event.severity === query.severity) &&
		(!query.address || event.address === query.address) &&
		(!query.search || text.includes(query.search.toLowerCase())) && !query.until;
}

export function Events({ route }) {
	const { kind, user, address, severity, search, since, until } = route.query;
	const filter = { kind, user, address, severity, search, since, until };
	const paged = usePaged('/events', 'events', filter);
	const [isFollowing, follow] = useState(true);
	const set = (name) => (value) => location.replace(hrefTo('events', { ...route.query, [name]:
		value }));
	const columns = [
		{ title: 'Time', cell: (e) => html`<span class="nowrap">${moment(e.time)}</span>` },
		{ title: 'Kind', cell: (e) => html`<${Badge} kind=${kindOf(e.severity)}>${e.kind}<//>` },
		{ title: 'What', head: true, class: 'path', cell: (e) => html`<span
			class="break">${e.text}</span>` },
		{ title: 'User', cell: (e) => e.user ? html`<a href=${hrefTo('users',
			e.user)}>${e.user}</a>` : '–' },
		{ title: 'Address', cell: (e) => e.address || '–' },
		{ title: 'Session', num: true, cell: (e) => e.session ? html`<a href=${hrefTo('sessions',
			String(e.session))}>${e.session}</a>` : '–' },
	];

	useTopic(isFollowing ? 'events' : null, (event) => {
		const fresh = [].concat(event.events || event).filter((e) => e.kind && fits(e, filter));
		if (fresh.length > 0)
			paged.setRows((rows) => {
				const known = new Set(rows.slice(0, 200).map((row) => row.id));
				return [...fresh.filter((e) => !known.has(e.id)).reverse(), ...rows].slice(0,
					Math.max(MOST_LIVE, rows.length));
			});
	});
	return html`<${PageHead} title="Events"
		lead="Logins, transfers, failures and changes, newest first.">
			<button type="button" class="button" aria-pressed=${String(isFollowing)}
				onClick=${() => follow(!isFollowing)}><${Icon} name=${isFollowing ?
					'check' : 'play'} />
				${isFollowing ? 'Following live' : 'Follow live'}</button>
			<a class="button" download="events.csv" href=${urlOf('/events/export', { ...filter,
				format: 'csv' })}><${Icon} name="down" />CSV</a>
			<a class="button" download="events.json" href=${urlOf('/events/export', { ...filter,
				format: 'json' })}><${Icon} name="down" />JSON</a><//>
		<div class="tools"><${Search} label="Search events" value=${search}
			onSearch=${set('search')} />
			<${Filter} label="Kind" value=${kind} onChange=${set('kind')}
				options=${[['', 'All'], ...KINDS.map((k) => [k, k])]} />
			<${Filter} label="Severity" value=${severity} onChange=${set('severity')}
				options=${[['', 'All'],
				['note', 'Note'], ['warning', 'Warning'], ['problem', 'Problem']]} />
			<${FilterText} label="User" value=${user} onChange=${set('user')} />
			<${FilterText} label="Address" value=${address} onChange=${set('address')} />
			<${FilterText} label="From" type="datetime-local" value=${since ?
				moment(since).replace(' ', 'T')
				.slice(0, 16) : ''} onChange=${(v) => set('since')(fromLocalInput(v) || '')} />
			${Object.values(route.query).some(Boolean) && html`<a class="button"
				href=${hrefTo('events')}>Clear</a>`}</div>
		<${PagedTable} paged=${paged} noun="events" caption="Events, newest first"
			columns=${columns}
			keyOf=${(e) => e.id} empty="No event fits." />`;
}
