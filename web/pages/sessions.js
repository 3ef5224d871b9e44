// pages/sessions.js - who is connected now and what they do; a session's dialogue; ending one.
import { html, useEffect, useState } from '../lib.js';
import { api, at, may, useResource } from '../api.js';
import { hrefTo } from '../route.js';
import { useTopic } from '../live.js';
import { Bar } from '../ui/bar.js';
import { confirm } from '../ui/dialog.js';
import { Icon } from '../ui/icon.js';
import { ErrorBox, Facts, Load, Loading, PageHead, Panel } from '../ui/page.js';
import { Badge, Check, Cross } from '../ui/status.js';
import { Search, Table } from '../ui/table.js';
import { Timeline } from '../ui/timeline.js';
import { attempt } from '../ui/toast.js';
import { ago, bytes, moment, plural, rate } from '../words.js';

const KINDS = { upload: 'Upload', download: 'Download', listing: 'Listing' };

function Transfer({ transfer }) {
	if (!transfer)
		return html`<span class="muted">–</span>`;
	const speed = transfer.rate !== undefined && transfer.rate !== null ?
		` · ${rate(transfer.rate)}` : '';
	const words = transfer.size ? `${bytes(transfer.bytes)} of ${bytes(transfer.size)}${speed}`
		: `${bytes(transfer.bytes)}${speed}`;
	return html`<div><span class="break">${KINDS[transfer.kind] ||
		transfer.kind} ${transfer.path}</span>
		<${Bar} value=${transfer.bytes} of=${transfer.size || 0} words=${words} isProgress
			label=${`${transfer.kind} ${transfer.path}`} /></div>`;
}

function Encryption({ session }) {
	if (!session.tls)
		return html`<${Badge} kind="warn">none<//>`;
	// Some servers say "TLSv1.3 CIPHER" in one word, and in two fields besides.
	const version = session.tls_version || session.tls.split(' ')[0];
	const cipher = session.cipher || session.tls.split(' ')[1];
	return html`<span>${version}<span class="cell-sub">${cipher}${session.resumed === true ?
		', resumed' : ''}
	</span></span>`;
}

async function end(session) {
	const reason = await confirm({
		title: 'End this session?', action: 'End the session', danger: true,
		words: `${session.user || session.peer} is told and disconnected; a transfer that runs
			breaks off.`,
		ask: { label: 'Reason, which the client is told',
			placeholder: 'Ended by the administrator.' },
	});

	if (reason === null)
		return;
	await attempt(() => api.remove(at`/sessions/${session.id}`, reason.trim() ? { reason:
		reason.trim() } : {}),
		'The session has been ended.');
}

export function SessionTable({ sessions, empty }) {
	const columns = [
		{ title: 'User', head: true, cell: (s) => html`<div>${s.user ? html`<a
			href=${hrefTo('users', s.user)}>${s.user}</a>` : html`<span class="muted">not logged
				in</span>`}
			<span class="cell-sub break">${s.peer}</span><span class="cell-sub"
			title=${moment(s.started)}>${ago(s.started)}</span></div>` },
		{ title: 'Transfer', wide: true, cell: (s) => html`<${Transfer}
			transfer=${s.transfer} />` },
		{ title: 'Last command', cell: (s) => html`<div><code>${s.transfer ?
			s.command.split(' ')[0] : s.command || '–'}</code><span class="cell-sub"
			title=${moment(s.last_command)}>${ago(s.last_command)}</span></div>` },
		{ title: 'Encryption', cell: (s) => html`<${Encryption} session=${s} />` },
		{ label: 'Actions', cell: (s) => html`<div class="row-actions">
			<a class="button small" href=${hrefTo('sessions', String(s.id))}
				aria-label=${`Dialogue of session ${s.id}`}>Dialogue</a>
			${may('operator') && html`<button type="button" class="button small"
				onClick=${() => end(s)}
				aria-label=${`End session ${s.id} of ${s.user || s.peer}`}>End</button>`}</div>` },
	];

	return html`<${Table} caption="Sessions that are connected now" columns=${columns}
		rows=${sessions}
		keyOf=${(s) => s.id} empty=${empty} />`;
}

// The live list; null until it is there. Once a list has come it follows the stream.
export function useSessions() {
	const [sessions, setSessions] = useState(null);
	const [error, setError] = useState(null);
	const load = () => api.get('/sessions', { limit: 1000 }).then((answer) => {
		setSessions(answer.sessions);
		setError(null);
	}, setError);

	useEffect(() => { load(); }, []);
	useTopic('sessions', (data) => setSessions(Array.isArray(data) ? data : data.sessions));
	return { sessions, error, load };
}

function Live() {
	const { sessions, error, load } = useSessions();
	const [search, setSearch] = useState('');
	const wanted = search.toLowerCase();
	const shown = (sessions || []).filter((s) => !wanted || [s.user, s.peer, s.command,
		s.transfer &&
		s.transfer.path].some((text) => text && text.toLowerCase().includes(wanted)));

	return html`<${PageHead} title="Sessions"
		lead="Who is connected right now, and what they do. The list follows the server." />
		<div class="tools"><${Search} label="Search user, address or file" value=${search}
			onSearch=${setSearch} />
			<span class="muted" aria-live="polite">${sessions && plural(shown.length,
				'session')}</span></div>
		${error && html`<${ErrorBox} error=${error} retry=${load} />`}
		${sessions ? html`<${SessionTable} sessions=${shown} empty=${search
			? 'No session fits the search.' : 'Nobody is connected at the moment.'} />`
			: !error && html`<${Loading} />`}`;
}

function One({ id }) {
	const timeline = useResource(at`/sessions/${id}/timeline`, undefined, { every: 3000 });
	const { sessions } = useSessions();
	const session = sessions && sessions.find((s) => String(s.id) === id);

	return html`<${PageHead} title=${`Session ${id}`} back=${{ href: hrefTo('sessions'),
		title: 'Sessions' }}
		lead="What client and server said to each other. Passwords and other secrets are left out.">
		${session && may('operator') && html`<button type="button" class="button danger"
			onClick=${() => end(session)}>End the session</button>`}<//>
		${session && html`<${Panel} title="Now"><${Facts} rows=${[
			['User', session.user || 'not logged in'],
			['From', session.peer],
			['To', session.local],
			['Connected', `${moment(session.started)}, ${ago(session.started)}`],
			['Encryption', html`<${Encryption} session=${session} />`],
			['Directory', session.directory],
			['Sent, received', `${bytes(session.bytes_sent)}, ${bytes(session.bytes_received)}`],
			['Transfer', html`<${Transfer} transfer=${session.transfer} />`],
		]} /><//>`}
		<${Load} from=${timeline}>${(data) => html`<${Panel} title="Dialogue"
			actions=${session ? html`<${Check}>connected<//>` : html`<${Cross}>ended<//>`}>
			<${Timeline} lines=${data.lines} data=${data.data} /><//>`}<//>`;
}

export function Sessions({ route }) {
	return route.parts[1] ? html`<${One} id=${route.parts[1]} />` : html`<${Live} />`;
}
