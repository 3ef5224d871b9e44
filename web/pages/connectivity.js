// pages/connectivity.js - which wall each client network is stuck behind: the networks, one
// network with
// its letter, and the map of the passive ports.
import { html, useState } from '../lib.js';
import { at, useResource, usePaged } from '../api.js';
import { hrefTo } from '../route.js';
import { useSlowly, useTopic } from '../live.js';
import { CodeBlock } from '../ui/copy.js';
import { Facts, Load, Notice, PageHead, Panel } from '../ui/page.js';
import { PortMap } from '../ui/portmap.js';
import { Badge, Status } from '../ui/status.js';
import { Filter, PagedTable, Search, Table } from '../ui/table.js';
import { Tabs } from '../ui/tabs.js';
import { Timeline } from '../ui/timeline.js';
import { go } from '../route.js';
import { ago, count, moment } from '../words.js';

const STATES = {
	ok: ['ok', 'Gets through'],
	stuck: ['bad', 'Stuck'],
	mixed: ['warn', 'Partly'],
	unknown: ['idle', 'Not known yet'],
};

function State({ state }) {
	const [kind, words] = STATES[state] || STATES.unknown;

	return html`<${Status} kind=${kind}>${words}<//>`;
}

function When({ time }) {
	return html`<span class="nowrap" title=${moment(time)}>${ago(time)}</span>`;
}

function Networks({ query }) {
	const paged = usePaged('/connectivity', 'networks', { state: query.state, search:
		query.search });
	const reload = useSlowly(() => paged.rows.length <= 100 && paged.reload(), 3000);
	const set = (name) => (value) => location.replace(hrefTo('connectivity', { ...query, [name]:
		value }));
	const columns = [
		{ title: 'Client network', head: true, cell: (n) => html`<div><a
			href=${hrefTo('connectivity',
			n.network)}>${n.network}</a><span class="cell-sub">${(n.users || []).slice(0,
				3).join(', ')}</span>
			</div>` },
		{ title: 'State', cell: (n) => html`<${State} state=${n.state} />` },
		{ title: 'Cause', wide: true, cell: (n) => n.cause ?
			html`<span><${Badge}>${n.cause.id}<//> ${
			n.cause.title}</span>` : html`<span class="muted">–</span>` },
		{ title: 'Last success', cell: (n) => html`<${When} time=${n.last_success} />` },
		{ title: 'Offered', num: true, cell: (n) => count(n.offered) },
		{ title: 'Arrived', num: true, cell: (n) => count(n.arrived) },
		{ title: 'Never came', num: true, cell: (n) => n.never ?
			html`<strong>${count(n.never)}</strong>`
			: '0' },
	];

	useTopic('connectivity', reload);
	return html`<div class="stack"><div class="tools">
			<${Search} label="Search network, address or user" value=${query.search}
				onSearch=${set('search')} />
			<${Filter} label="State" value=${query.state} onChange=${set('state')}
				options=${[['', 'All'], ['stuck', 'Stuck'], ['ok', 'Gets through']]} />
		</div>
		<${PagedTable} paged=${paged} noun="networks" columns=${columns} keyOf=${(n) => n.network}
			caption="Client networks and their data connections"
			empty=${query.state || query.search ? 'No network fits.'
				: 'No client has been here yet. Each network shows up with its first login.'} /></div>`;
}

function PortsPanel() {
	const ports = useResource('/connectivity/ports', undefined, { every: 10000 });

	return html`<${Load} from=${ports}>${(data) => html`
		<${Panel} title=${`Passive ports ${data.first}–${data.last}`} lead="Each port: green where
			data connections
			arrived, red where clients were sent to it and none ever came. A firewall that lets in
				a part of the
			range shows as stripes.">
			<${PortMap} map=${data} /><//>`}<//>`;
}

function Cause({ cause }) {
	if (!cause)
		return null;
	return html`<${Notice} kind="bad" title=${`${cause.id}: ${cause.title}`}>
		<p>${cause.explanation}</p><p><strong>What to do: </strong>${cause.remedy}</p>
		<p class="muted small">How sure: ${cause.confidence}.</p><//>`;
}

function Failures({ failures }) {
	return html`<${Panel} title="Recent failures"
		lead="What client and server said, and where it stopped. Passwords are left out.">
		<div class="stack">${failures.map((failure, i) => html`<details key=${i} open=${i === 0}>
			<summary>${[moment(failure.time), failure.user, failure.address, failure.for, failure.path,
				failure.data && failure.data.cause].filter(Boolean).join(', ')}</summary>
			<${Timeline} lines=${failure.timeline} data=${[{ ...failure.data, time: failure.time }]} />
		</details>`)}</div><//>`;
}

function Network({ name }) {
	const network = useResource(at`/connectivity/${name}`, undefined, { every: 15000 });

	return html`<${PageHead} title=${name} back=${{ href: hrefTo('connectivity'),
		title: 'Connectivity' }}
			lead="One network of clients, as the server sees its connections."><//>
		<${Load} from=${network}>${(n) => html`
			<${Cause} cause=${n.cause} />
			<div class="columns">
				<${Panel} title="What the server sees"><${Facts} rows=${[
					['State', html`<${State} state=${n.state} />`],
					['Last success', html`<${When} time=${n.last_success} />`],
					['Last failure', html`<${When} time=${n.last_failure} />`],
					['Logins', count(n.logins)],
					['Data connections offered', count(n.offered)],
					['of these arrived', count(n.arrived)],
					['never came', count(n.never)],
					['came from elsewhere', count(n.elsewhere)],
					['failed in TLS', count(n.tls_failed)],
					['Ports where none came', (n.failed_ports || []).length ?
						n.failed_ports.join(', ')
						: undefined],
				]} /><//>
				<${Panel} title="Who is behind it"><${Facts} rows=${[
					['Addresses', (n.addresses || []).join(', ') || '–'],
					['Users', (n.users || []).length ? html`${n.users.map((user, i) => html`${i ?
						', ' : ''}<a
						href=${hrefTo('users', user)}>${user}</a>`)}` : '–'],
					['Sessions', (n.last_sessions || []).length ? html`${n.last_sessions.map((id,
						i) =>
						html`${i ? ', ' : ''}<a href=${hrefTo('sessions',
							String(id))}>${id}</a>`)}` : '–'],
				]} />
				<hr /><p class="row"><a class="button small" href=${hrefTo('firewall',
					{ side: 'client',
					client: n.network })}>Firewall rules for their side</a></p><//>
			</div>
			${n.letter && html`<${Panel} title="Letter to their administrator"
				lead="It says what was seen, and what to open. Send it as it is."><div class="wrap-code"><${CodeBlock} text=${n.letter}
				label="Letter" name="firewall-letter.txt" /></div><//>`}
			${(n.failures || []).length > 0 && html`<${Failures} failures=${n.failures} />`}`}<//>`;
}

export function Connectivity({ route }) {
	const part = route.parts[1];

	if (part && part !== 'ports')
		return html`<${Network} name=${part} key=${part} />`;
	return html`<${PageHead} title="Connectivity" lead="FTP needs two connections: one for
		commands, one for data. Here
		is which networks get both through, and what stands in the way of the others." />
		<div><${Tabs} label="View" value=${part || 'networks'} tabs=${[['networks',
			'Client networks'],
			['ports', 'Passive ports']]} onValue=${(v) => v === 'ports' ? go('connectivity',
				'ports')
			: go('connectivity')}>
			${part === 'ports' ? html`<${PortsPanel} />` : html`<${Networks}
				query=${route.query} />`}<//></div>`;
}
