// pages/users.js - the accounts: the list with its checks and crosses, and import and export. One
// user
// is pages/user.js.
import { html, useState } from '../lib.js';
import { ANY, api, at, may, urlOf, usePaged, useResource } from '../api.js';
import { go, hrefTo } from '../route.js';
import { Bar } from '../ui/bar.js';
import { Dialog } from '../ui/dialog.js';
import { AreaField, CheckField, FormError, PasswordField, SelectField, Submit, TextField,
	useForm } from '../ui/form.js';
import { Icon } from '../ui/icon.js';
import { Notice, PageHead } from '../ui/page.js';
import { Check, Cross } from '../ui/status.js';
import { Filter, PagedTable, Search, Table } from '../ui/table.js';
import { attempt, toast } from '../ui/toast.js';
import { ago, bytes, count, moment, plural } from '../words.js';
import { GroupSelect } from './groups.js';
import { User } from './user.js';

function isExpired(user) {
	return Boolean(user.expires) && new Date(user.expires) <= new Date();
}

// The green check or the red cross, which is the switch as well.
export function EnabledSwitch({ user, onChanged }) {
	const turn = async () => {
		const changed = await attempt(() => api.patch(at`/users/${user.name}`,
			{ enabled: !user.enabled },
			{ match: ANY }),
			user.enabled ? `${user.name} is disabled; all sessions of this user have been ended.`
				: `${user.name} is enabled.`);
		if (changed)
			onChanged({ ...user, ...changed });
	};
	const mark = !user.enabled ? html`<${Cross}>Disabled<//>`
		: isExpired(user) ? html`<${Cross}>Expired<//>` : html`<${Check}>Enabled<//>`;

	if (!may('operator'))
		return mark;
	return html`<button type="button" class="toggle" role="switch"
		aria-checked=${String(user.enabled)}
		aria-label=${`${user.name} may log in`} onClick=${turn}
		title=${user.enabled ? 'Click to disable: sessions end at once' : 'Click to enable'}>${mark}</button>`;
}

export function quotaOf(user) {
	return (user.effective && user.effective.quota) || user.quota || {};
}

// What a user with a quota has stored; null until it is known. Counting is the server's work, so it
// is asked for those that are shown only.
export function useUsed(user) {
	const quota = quotaOf(user);
	const isLimited = Boolean(quota.bytes || quota.files);
	const answer = useResource(isLimited ? at`/quotas` : null, { user: user.name });
	const own = ((answer.data && answer.data.quotas) || []).find((one) => one.kind === 'user');

	return (own && own.used) || null;
}

function Used({ user }) {
	const limit = quotaOf(user).bytes || 0;
	const used = useUsed(user);

	if (!used)
		return limit ? html`<span class="muted">limit ${bytes(limit)}</span>`
			: html`<span class="muted">no limit</span>`;
	return html`<${Bar} value=${used.bytes} of=${limit} label=${`Storage of ${user.name}`}
		words=${limit ? `${bytes(used.bytes)} of ${bytes(limit)}` :
			bytes(used.bytes)} />`;
}

function NewUser({ onClose }) {
	const form = useForm({ name: '', password: '', home: '', group: null }, async (values) => {
		const body = { name: values.name.trim(), password: values.password };
		if (values.home.trim())
			body.home = values.home.trim();
		if (values.group)
			body.group = values.group;
		const user = await api.post('/users', body);
		toast(`${user.name} can log in now.`);
		onClose();
		go('users', user.name);
	});

	return html`<${Dialog} title="New user" onClose=${onClose}>
		<form ref=${form.form} onSubmit=${form.submit}>
			<${TextField} label="Name" required value=${form.values.name}
				onValue=${form.set('name')}
				error=${form.fault('name')} help="What the client logs in with." />
			<${PasswordField} label="Password" required canMake value=${form.values.password}
				onValue=${form.set('password')} autocomplete="new-password"
				error=${form.fault('password')} />
			<${TextField} label="Home directory" optional mono value=${form.values.home}
				onValue=${form.set('home')} error=${form.fault('home')} placeholder="as the name"
				help="Beneath the data root. It is made at the first login." />
			<${GroupSelect} value=${form.values.group} onValue=${form.set('group')}
				error=${form.fault('group')} />
			<${FormError} form=${form} fields=${['name', 'password', 'home', 'group']} />
			<div class="dialog-foot"><button type="button" class="button"
				onClick=${onClose}>Cancel</button>
				<${Submit} form=${form}>Create the user<//></div>
		</form><//>`;
}

// Each password takes a while.
const IMPORT_PATIENCE_MS = 600000;

function ImportResult({ result, isTry }) {
	const errors = result.errors || [];
	const title = errors.length ? 'Nothing is changed by a file with errors'
		: isTry ? 'This is what would happen' : 'Imported';

	return html`<${Notice} kind=${errors.length ? 'warn' : 'ok'} title=${title}>
		<p>${`${plural(result.created, 'user')} created, ${plural(result.updated, 'user')} updated,
			${
			plural(errors.length, 'line')} refused.`}</p><//>
		${errors.length > 0 && html`<${Table} caption="Lines that were refused" rows=${errors}
			columns=${[
			{ title: 'Line', num: true, cell: (e) => e.line },
			{ title: 'Field', cell: (e) => html`<code>${e.field || '–'}</code>` },
			{ title: 'What is wrong', cell: (e) => e.detail },
		]} />`}`;
}

// A file with errors is an answer as well: it says in which lines they are.
async function importUsers({ text, type }, dryRun) {
	try {
		return await api.post(`/users/import${dryRun ? '?dry_run=1' : ''}`, text,
			{ type, signal: AbortSignal.timeout(IMPORT_PATIENCE_MS) });
	} catch (problem) {
		if (!problem.body || !problem.body.errors)
			throw problem;
		return problem.body;
	}
}

function Import({ onClose, onDone }) {
	const [result, setResult] = useState(null);
	const [dryRun, setDryRun] = useState(true);
	const form = useForm({ text: '', type: 'text/csv' }, async (values) => {
		const answer = await importUsers(values, dryRun);
		setResult({ ...answer, isTry: dryRun });
		if (!dryRun && answer.errors.length === 0)
			onDone();
	});
	const read = async (event) => {
		const file = event.currentTarget.files[0];
		if (!file)
			return;
		form.set('text')(await file.text());
		form.set('type')(/\.json$/i.test(file.name) ? 'application/json' : 'text/csv');
		setResult(null);
	};

	return html`<${Dialog} title="Import users" wide onClose=${onClose}>
		<form ref=${form.form} onSubmit=${form.submit}>
			<label class="field"><span class="label">File</span>
				<input type="file" accept=".csv,.json,text/csv,application/json" onChange=${read} />
				<span class="help">CSV with a line of column names, or JSON, as the export writes
					them.
				A name that exists is updated; nobody is removed.</span></label>
			<${SelectField} label="Format" value=${form.values.type} onValue=${form.set('type')}
				options=${[['text/csv', 'CSV'], ['application/json', 'JSON']]} />
			<${AreaField} label="or paste it here" mono value=${form.values.text}
				onValue=${form.set('text')} placeholder="name,password,home,group" />
			<${CheckField} label="Only try it: say what would happen, and change nothing"
				value=${dryRun}
				onValue=${setDryRun} />
			<${FormError} form=${form} />
			${result && html`<${ImportResult} result=${result} isTry=${result.isTry} />`}
			<div class="dialog-foot"><button type="button" class="button"
				onClick=${onClose}>Close</button>
				<${Submit} form=${form} disabled=${!form.values.text.trim()}>${dryRun ? 'Try it'
					: 'Import'}<//></div>
		</form><//>`;
}

function Tools({ query, paged, onDialog }) {
	const set = (name) => (value) => location.replace(hrefTo('users', { ...query, [name]: value }));

	return html`<div class="tools">
		<${Search} label="Search users" value=${query.search} onSearch=${set('search')} />
		<${Filter} label="State" value=${query.enabled} onChange=${set('enabled')} options=${[['',
			'All'],
			['true', 'Enabled'], ['false', 'Disabled']]} />
		<span class="spring"></span>
		<a class="button" href=${urlOf('/users/export', { format: 'csv' })} download="users.csv">
			<${Icon} name="down" />CSV</a>
		<a class="button" href=${urlOf('/users/export', { format: 'json' })} download="users.json">
			<${Icon} name="down" />JSON</a>
		${may('operator') && html`<button type="button" class="button"
			onClick=${() => onDialog('import')}>
			<${Icon} name="up" />Import</button>`}
	</div>`;
}

function List({ query }) {
	const [dialog, setDialog] = useState(null);
	const paged = usePaged('/users', 'users', { search: query.search, enabled: query.enabled,
		group: query.group });
	const changed = (user) => paged.setRows((rows) => rows.map((row) => row.name === user.name ?
		user : row));
	const columns = [
		{ title: 'User', head: true, cell: (u) => html`<a href=${hrefTo('users',
			u.name)}>${u.name}</a>` },
		{ title: 'State', cell: (u) => html`<${EnabledSwitch} user=${u} onChanged=${changed} />` },
		{ title: 'Group', cell: (u) => u.group ? html`<a href=${hrefTo('groups',
			u.group)}>${u.group}</a>`
			: html`<span class="muted">none</span>` },
		{ title: 'Home', class: 'path', cell: (u) => html`<code>${u.home}</code>` },
		{ title: 'Storage', wide: true, cell: (u) => html`<${Used} user=${u} />` },
		{ title: 'Sessions', num: true, cell: (u) => count(u.sessions) },
		{ title: 'Last login', cell: (u) => html`<div
			title=${moment(u.last_login)}>${ago(u.last_login)}${
			u.last_login_from && html`<span class="cell-sub">${u.last_login_from}</span>`}</div>` },
	];

	return html`<${PageHead} title="Users" lead="Who may log in to the FTP server. Disabling ends
		all sessions of a
		user at once.">${may('operator') && html`<button type="button" class="button primary"
			onClick=${() => setDialog('new')}><${Icon} name="plus" />New user</button>`}<//>
		<${Tools} query=${query} paged=${paged} onDialog=${setDialog} />
		<${PagedTable} paged=${paged} noun="users" caption="Users" columns=${columns}
			keyOf=${(u) => u.name}
			empty=${query.search || query.enabled ? 'No user fits.' : 'There is no user yet.'} />
		${dialog === 'new' && html`<${NewUser} onClose=${() => setDialog(null)} />`}
		${dialog === 'import' && html`<${Import} onClose=${() => setDialog(null)}
			onDone=${paged.reload} />`}`;
}

export function Users({ route }) {
	return route.parts[1] ? html`<${User} name=${route.parts[1]} key=${route.parts[1]} />`
		: html`<${List} query=${route.query} />`;
}
