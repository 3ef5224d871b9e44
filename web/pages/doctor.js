// pages/doctor.js - an FTP server examined from here, as a client would: this one or another's.
import { html, useEffect, useState } from '../lib.js';
import { api, at, may, urlOf, useResource } from '../api.js';
import { go, hrefTo } from '../route.js';
import { useTopic } from '../live.js';
import { confirm } from '../ui/dialog.js';
import { CheckField, Choice, FormError, NumberField, PasswordField, SelectField, Submit, TextField,
	useForm } from '../ui/form.js';
import { Icon } from '../ui/icon.js';
import { Load, Notice, PageHead, Panel } from '../ui/page.js';
import { Badge, Status, kindOf } from '../ui/status.js';
import { Table } from '../ui/table.js';
import { attempt } from '../ui/toast.js';
import { ago, moment, seconds } from '../words.js';

const VERDICTS = {
	healthy: ['ok', 'Healthy'], problem: ['bad', 'Problem found'], untested: ['idle',
		'Could not be tested'],
};
const RUN_STATES = { running: ['note', 'Running'], done: ['ok', 'Done'], failed: ['bad',
	'Failed'] };
const STEP_KINDS = { ok: 'ok', failed: 'bad', warned: 'warn', skipped: 'idle', running: 'idle' };
const WHO = { you: 'whoever runs the client', firewall: 'the administrator of the firewall',
	server: 'the administrator of the server' };

function stateOf(run) {
	if (run.state !== 'done')
		return RUN_STATES[run.state] || RUN_STATES.failed;
	return VERDICTS[run.verdict || (run.answer && run.answer.verdict)] || RUN_STATES.done;
}

function RunForm() {
	const form = useForm({ target: 'self', host: '', port: null, tls: '', user: '', password: '',
		quick: true,
		read_only: false }, async (values) => {
		const body = { host: values.target === 'self' ? 'self' : values.host.trim(), quick:
			values.quick,
			read_only: values.read_only };
		for (const name of ['port', 'tls', 'user', 'password'])
			if (values[name])
				body[name] = values[name];
		const run = await api.post('/doctor/runs', body);
		go('doctor', String(run.id));
	});
	const isOther = form.values.target === 'other';

	return html`<${Panel} title="Examine a server"><form class="form" ref=${form.form}
		onSubmit=${form.submit}>
		<${Choice} legend="Which server" value=${form.values.target} onValue=${form.set('target')}
			options=${[
			['self', 'This one, through its external address',
				'As a client outside would reach it.'],
			['other', 'Another one'],
		]} />
		${isOther && html`<div class="grid-2"><${TextField} label="Host" required
			value=${form.values.host}
				onValue=${form.set('host')} error=${form.fault('host')}
					placeholder="ftp.example.com" />
			<${NumberField} label="Port" optional value=${form.values.port}
				onValue=${form.set('port')}
				error=${form.fault('port')} placeholder="21" />
			<${SelectField} label="Encryption" value=${form.values.tls} onValue=${form.set('tls')}
				error=${form.fault('tls')} options=${[['', 'As the server offers'], ['explicit',
					'Explicit TLS'], ['implicit', 'Implicit TLS'], ['none', 'None']]} /></div>`}
		<div class="grid-2"><${TextField} label="User" optional value=${form.values.user}
				onValue=${form.set('user')} error=${form.fault('user')}
				help="Without one, the examination ends before the login." />
			<${PasswordField} label="Password" optional value=${form.values.password}
				onValue=${form.set('password')} autocomplete="off" error=${form.fault('password')}
				help="Used for this run, and not kept." /></div>
		<div class="stack-small"><${CheckField} label="Quick: leave out what takes long"
			value=${form.values.quick}
				onValue=${form.set('quick')} />
			<${CheckField} label="Read only: upload nothing" value=${form.values.read_only}
				onValue=${form.set('read_only')} /></div>
		<${FormError} form=${form} fields=${['host', 'port', 'tls', 'user', 'password']} />
		<p><${Submit} form=${form}><${Icon} name="play" />Examine<//></p></form><//>`;
}

async function forget(run, done) {
	const isRunning = run.state === 'running';
	const sure = isRunning || await confirm({ title: 'Forget this report?', action: 'Forget it',
		danger: true,
		words: 'It cannot be brought back.' });

	if (sure && await attempt(() => api.remove(at`/doctor/runs/${run.id}`),
		isRunning ? 'Stopped.' : 'The report is gone.'))
		done();
}

function List() {
	const runs = useResource('/doctor/runs', undefined, { every: 5000 });
	const columns = [
		{ title: 'Server', head: true, cell: (r) => html`<div><a href=${hrefTo('doctor',
			String(r.id))}>${
			r.host === 'self' ? 'this server' : r.host || 'this server'}</a><span
				class="cell-sub">${
			r.sentence || (r.answer && r.answer.sentence) || ''}</span></div>` },
		{ title: 'Result', cell: (r) => {
			const [kind, words] = stateOf(r);
			return html`<${Status} kind=${kind}>${words}<//>`;
		} },
		{ title: 'When', cell: (r) => html`<span class="nowrap" title=${moment(r.started)}>${
			ago(r.started)}</span>` },
		{ label: 'Actions', cell: (r) => may('operator') && html`<div class="row-actions"><button
			type="button"
			class="button small"
				aria-label=${`${r.state === 'running' ? 'Stop' : 'Forget'} the run on ${ r.host}`} onClick=${() => forget(r, runs.reload)}>${r.state === 'running' ? 'Stop'
				: 'Forget'}</button></div>` },
	];

	return html`<${PageHead} title="Doctor" lead="Examines a server step by step as a client does,
		and ends with the one
		cause, who can mend it, and how." />
		<div class="columns side"><div class="stack"><${Load}
			from=${runs}>${(data) => html`<${Table}
			caption="Examinations, newest first" columns=${columns} rows=${data.runs || data}
			keyOf=${(r) => r.id} empty="Nothing has been examined yet." />`}<//></div>
			${may('operator') && html`<${RunForm} />`}</div>`;
}

function Cause({ cause }) {
	return html`<${Notice} kind=${kindOf(cause.severity)} title=${`${cause.id}: ${cause.title}`}>
		<p>${cause.explanation}</p>
		<p><strong>What to do: </strong>${cause.remedy}</p>
		<p class="muted small">It is for ${WHO[cause.who] || cause.who}. ${cause.confidence} % sure.
			${cause.tells_apart ? ` ${cause.tells_apart}` : ''}</p><//>`;
}

function Mark({ value }) {
	return value === undefined ? html`<span class="muted">–</span>`
		: html`<${Status} kind=${value === 'ok' ? 'ok' : 'bad'}>${value === 'ok' ?
			'works' : 'fails'}<//>`;
}

function Matrix({ rows }) {
	const works = [['listing', 'Listing'], ['upload', 'Upload'], ['download', 'Download'],
		['resume', 'Resume']];

	return html`<${Panel} title="What works"><${Table} caption="What works in which mode"
		rows=${rows} columns=${[
		{ title: 'Mode', head: true, cell: (r) => `${r.mode.toUpperCase()}, ${r.tls_mode}${r.is_v6
			? ', IPv6' : ''}, port ${r.port}` },
		...works.map(([name, title]) => ({ title, cell: (r) => html`<${Mark}
			value=${r[name]} />` })),
	]} /><//>`;
}

function Answer({ answer, id }) {
	const [kind, words] = VERDICTS[answer.verdict] || VERDICTS.untested;

	return html`<${Panel} title="Answer" actions=${html`
			<a class="button small" href=${urlOf(at`/doctor/runs/${id}/report`, { format: 'html' })}
				download=${`doctor-${id}.html`}><${Icon} name="down" />Report, HTML</a>
			<a class="button small" href=${urlOf(at`/doctor/runs/${id}/report`, { format: 'md' })}
				download=${`doctor-${id}.md`}><${Icon} name="down" />Markdown</a>`}>
			<div class="stack"><p><${Status} kind=${kind}>${words}<//></p><p>${answer.sentence}</p>
			${(answer.causes || []).map((cause) => html`<${Cause} key=${cause.id}
				cause=${cause} />`)}</div><//>
		${(answer.matrix || []).length > 0 && html`<${Matrix} rows=${answer.matrix} />`}`;
}

// A step is told when it begins and when it ends, and stands in the run as well: one line for each.
function merged(steps) {
	const found = new Map();

	for (const step of steps)
		found.set(step.title, { ...found.get(step.title), ...step });
	return [...found.values()];
}

function Steps({ steps, isRunning }) {
	return html`<${Panel} title="Steps"><ol class="steps" aria-live=${isRunning ? 'polite' : 'off'}>
		${merged(steps).map((step, i) => {
			const kind = STEP_KINDS[step.state] || 'idle';
			const icon = { ok: 'check', bad: 'cross', warn: 'warning', note: 'note',
				idle: 'dash' }[kind];
			return html`<li key=${i}><span class=${`status ${kind}`}><span
				class="status-mark"><${Icon} name=${icon}
				size="12" /></span></span><div><p>${step.title}<span
					class="unseen">: ${step.state}
				</span></p>${step.detail && html`<p
					class="muted small break">${step.detail}</p>`}</div>
				<span class="time">${step.duration_ms !== undefined && step.duration_ms !== null
					? seconds(step.duration_ms / 1000) : ''}</span></li>`;
		})}</ol>${isRunning && html`<p class="row muted"><span class="spinner"
			aria-hidden="true"></span>Examining…
		</p>`}<//>`;
}

function One({ id }) {
	const run = useResource(at`/doctor/runs/${id}`);
	const [live, setLive] = useState([]);
	const data = run.data;

	useTopic(`doctor:${id}`, (said) => {
		if (said.step === 'over')
			run.reload();
		else
			setLive((old) => [...old, { state: 'running', ...said }]);
	});
	useEffect(() => {
		if (!data || data.state !== 'running')
			return undefined;
		const timer = setInterval(run.reload, 3000);
		return () => clearInterval(timer);
	}, [data && data.state, run.reload]);
	return html`<${PageHead} title=${data && data.host && data.host !== 'self' ?
		data.host : 'This server'}
			back=${{ href: hrefTo('doctor'), title: 'Doctor' }}
			lead=${data ? `Examined ${moment(data.started)}` : ''}>
			${data && may('operator') && html`<button type="button" class="button"
				onClick=${() => forget(data, () => go('doctor'))}>${data.state === 'running' ?
					'Stop'
				: 'Forget'}</button>`}<//>
		<${Load} from=${run}>${(r) => html`
			${r.state === 'failed' && html`<${Notice} kind="bad"
				title="The examination has failed"><p>${r.error ||
				r.detail || 'It ended before its answer. Try it again.'}</p><//>`}
			${r.answer && html`<${Answer} answer=${r.answer} id=${id} />`}
			<${Steps} steps=${r.state === 'running' ? [...live, ...(r.steps || [])] : r.steps || []}
				isRunning=${r.state === 'running'} />`}<//>`;
}

export function Doctor({ route }) {
	return route.parts[1] ? html`<${One} id=${route.parts[1]} key=${route.parts[1]} />` :
		html`<${List} />`;
}
