// pages/overview.js - is it healthy, what needs attention, what goes on, what to tell clients.
import { html, useState } from '../lib.js';
import { useResource, may } from '../api.js';
import { hrefTo } from '../route.js';
import { useSlowly, useTopic } from '../live.js';
import { Chart } from '../ui/chart.js';
import { Copy } from '../ui/copy.js';
import { Facts, Load, Notice, PageHead, Panel } from '../ui/page.js';
import { Status, kindOf } from '../ui/status.js';
import { Icon } from '../ui/icon.js';
import { count, plural, rate, seconds } from '../words.js';

const KEPT = 180; // seconds of the chart

const HEALTH = {
	ok: ['ok', 'Healthy'],
	attention: ['warn', 'Needs attention'],
	problem: ['bad', 'Has a problem'],
};
const HEALTH_LEAD = {
	ok: 'The server runs, and nothing needs your attention.',
	attention: 'The server runs. Something below should be looked at before it becomes a problem.',
	problem: 'Something keeps clients from working. It stands below, with what to do about it.',
};
const SECURITY = { explicit: 'FTPS, explicit TLS', implicit: 'FTPS, implicit TLS',
	plain: 'FTP, unencrypted' };

function useThroughput() {
	const [points, setPoints] = useState([]);

	useTopic('throughput', (point) => setPoints((old) => [...old.slice(1 - KEPT), {
		...point, at: (point.time ? new Date(point.time) : new Date()) / 1000,
	}]));
	return points;
}

// Where an item leads: the API names a page of ours, such as "#/certificates" or "certificates".
function linkOf(item) {
	const link = item.link || '';

	return link.startsWith('#') ? link : link ? `#/${link.replace(/^\//, '')}` : null;
}

function Attention({ items }) {
	if (items.length === 0)
		return html`<p><${Status} kind="ok">Nothing needs your attention.<//></p>`;
	return html`<ul class="attention">${items.map((item) => html`<li key=${item.id}>
		<span class=${`status ${kindOf(item.severity)}`}><span class="status-mark"><${Icon}
			name=${item.severity === 'problem' ? 'cross' : item.severity === 'warning' ?
				'warning' : 'note'}
			size="12" /></span></span>
		<div><p class="strong"><span class="unseen">${item.severity}: </span>${item.title}</p>
			<p class="muted">${item.detail}</p></div>
		${linkOf(item) && html`<a class="button small" href=${linkOf(item)}
			aria-label=${`Look at: ${item.title}`}>Look</a>`}
	</li>`)}</ul>`;
}

function Tile({ name, value, detail, href }) {
	return html`<${href ? 'a' : 'div'} class="tile" href=${href}>
		<div class="name">${name}</div><div class="value">${value}</div>
		${detail && html`<div class="detail">${detail}</div>`}
	<//>`;
}

function Tiles({ data, now }) {
	const range = data.passive;

	return html`<div class="tiles">
		<${Tile} name="Sessions" value=${count(now.sessions)} href=${hrefTo('sessions')}
			detail=${`${plural(now.transfers, 'transfer')} running`} />
		<${Tile} name="From clients" value=${rate(now.bytes_in_per_s)} detail="uploads" />
		<${Tile} name="To clients" value=${rate(now.bytes_out_per_s)} detail="downloads" />
		<${Tile} name="Users" value=${count(data.users.enabled)} href=${hrefTo('users')}
			detail=${data.users.disabled ?
				`${count(data.users.disabled)} disabled` : 'all enabled'} />
		<${Tile} name="Stuck networks" value=${count(data.stuck)} href=${hrefTo('connectivity')}
			detail=${data.stuck ? 'behind a wall' : 'all get through'} />
		${range && html`<${Tile} name="Passive ports" href=${hrefTo('connectivity', 'ports')}
			value=${range.reserved === undefined ? count(range.size) : `${count(range.reserved)} in use`}
			detail=${`${range.first}–${range.last}`} />`}
	</div>`;
}

function Addresses({ connect, passive }) {
	if (connect.length === 0)
		return html`<p class="muted">No port is open for clients: see explicit_ports and implicit_ports
			in the <a href=${hrefTo('settings')}>settings</a>.</p>`;
	const ways = connect.map((one) => {
		const port = `port ${one.ports.join(', ')}`;
		const whole = `${one.host}:${one.ports[0]}`;
		return [SECURITY[one.security] || one.security, one.host ? html`<span><code>${one.host}</code>, <span
			class="nowrap">${port} <${Copy} quiet text=${whole} what=${whole} /></span></span>` : port];
	});

	return html`<${Facts} rows=${[...ways, ['Data ports', passive
		? `${passive.first}–${passive.last}, passive mode` : undefined]]} />
		${!connect[0].host && html`<p class="muted small">Set server_name in the <a
			href=${hrefTo('settings', { search: 'server_name' })}>settings</a>, and clients are told a name here.</p>`}`;
}

export function Overview() {
	const overview = useResource('/overview', undefined, { every: 15000 });
	const points = useThroughput();
	const reload = useSlowly(overview.reload, 3000);
	const last = points.at(-1);

	useTopic('events', reload);
	useTopic('connectivity', reload);
	return html`<${Load} from=${overview}>${(data) => {
		const [kind, words] = HEALTH[data.health] || HEALTH.attention;
		const now = { sessions: data.sessions, transfers: data.transfers_running,
			bytes_in_per_s: data.bytes_in_per_s, bytes_out_per_s: data.bytes_out_per_s, ...last };
		const times = points.map((point) => point.at);
		return html`
			<${PageHead} title="Overview" lead=${HEALTH_LEAD[data.health]}>
				<span class="health"><${Status} kind=${kind}>${words}<//></span><//>
			<${Tiles} data=${data} now=${now} />
			<div class="columns side">
				<div class="stack">
					<${Panel} title="Throughput"><${Chart} format=${rate} least=${4096}
						data=${[times, points.map((p) => p.bytes_in_per_s), points.map((p) =>
							p.bytes_out_per_s)]}
						series=${[{ label: 'From clients', fill: true }, { label: 'To clients',
							fill: true }]}
						words=${`Now ${rate(now.bytes_in_per_s)} from clients and
							${rate(now.bytes_out_per_s)} to clients.`} /><//>
					<${Panel} title="Sessions and transfers"><${Chart} least=${4}
						format=${(n) => Number.isInteger(n) ? String(n) : ''}
						data=${[times, points.map((p) => p.sessions),
							points.map((p) => p.transfers)]}
						series=${[{ label: 'Sessions', stepped: true, fill: true },
							{ label: 'Transfers', stepped: true }]}
						words=${`Now ${plural(now.sessions, 'session')}.`} /><//>
				</div>
				<div class="stack">
					<${Panel} title="Needs attention"><${Attention} items=${data.attention ||
						[]} /><//>
					<${Panel} title="Tell your clients" actions=${may('operator') && html`<a
						class="button small" href=${hrefTo('guests')}>Guest link</a>`}>
						<${Addresses} connect=${data.connect || []} passive=${data.passive} /><//>
					<${Panel} title="Server"><${Facts} rows=${[
						['Version', data.version],
						['Running for', seconds(data.uptime_s)],
						['Certificate', html`<a href=${hrefTo('certificates')}>${data.certificate
							? `${plural(data.certificate.days_left, 'day')} left` : 'see what is served'}</a>`],
					]} /><//>
				</div>
			</div>`;
	}}<//>`;
}
