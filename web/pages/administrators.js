// pages/administrators.js - who may manage this server, and the keys of programs that do.
import { html, useState } from '../lib.js';
import { ANY, api, at, tagOf, useResource, usePerson } from '../api.js';
import { CodeBlock } from '../ui/copy.js';
import { confirm, Dialog } from '../ui/dialog.js';
import { CheckField, Choice, FormError, PasswordField, SelectField, Submit, TextField,
	useForm } from '../ui/form.js';
import { Icon } from '../ui/icon.js';
import { Load, Notice, PageHead, Panel } from '../ui/page.js';
import { Badge, Check, Cross } from '../ui/status.js';
import { Table } from '../ui/table.js';
import { attempt, toast } from '../ui/toast.js';
import { ago, fromLocalInput, moment } from '../words.js';

const ROLES = [
	['read-only', 'Read-only', 'Sees everything but keys and the audit; changes nothing.'],
	['operator', 'Operator', 'Users, groups, sessions, bans, examinations, guest links.'],
	['owner', 'Owner', 'Everything: settings, certificates, administrators, keys, audit.'],
];
const SCOPES = [['read', 'Read', 'For monitoring and metrics.'], ['operate', 'Operate',
	'Users and sessions.'],
	['own', 'Own', 'Everything.']];

function NewAdmin({ onClose, onDone }) {
	const form = useForm({ name: '', role: 'operator', password: '' }, async (values) => {
		await api.post('/admins', { ...values, name: values.name.trim() });
		toast(`${values.name.trim()} can log in. Hand over the password on a safe way.`);
		onDone();
		onClose();
	});

	return html`<${Dialog} title="New administrator" onClose=${onClose}>
		<form ref=${form.form} onSubmit=${form.submit}>
			<${TextField} label="Name" required value=${form.values.name}
				onValue=${form.set('name')}
				error=${form.fault('name')} />
			<${Choice} legend="Role" value=${form.values.role} onValue=${form.set('role')}
				options=${ROLES}
				error=${form.fault('role')} />
			<${PasswordField} label="First password" required canMake value=${form.values.password}
				onValue=${form.set('password')} autocomplete="new-password"
					error=${form.fault('password')}
				help="It can be changed under Your account." />
			<${FormError} form=${form} fields=${['name', 'role', 'password']} />
			<div class="dialog-foot"><button type="button" class="button"
				onClick=${onClose}>Cancel</button>
				<${Submit} form=${form}>Create<//></div></form><//>`;
}

function EditAdmin({ name, onClose, onDone }) {
	const admin = useResource(at`/admins/${name}`);

	return html`<${Dialog} title=${name} onClose=${onClose}><${Load}
		from=${admin}>${(data) => html`<${EditForm}
		admin=${data} onClose=${onClose} onDone=${onDone} />`}<//><//>`;
}

function EditForm({ admin, onClose, onDone }) {
	const form = useForm({ role: admin.role, enabled: admin.enabled, password: '', reset: false },
		async (values) => {
			const body = {};
			for (const name of ['role', 'enabled'])
				if (values[name] !== admin[name])
					body[name] = values[name];
			if (values.password)
				body.password = values.password;
			if (values.reset)
				body.totp = null;
			if (Object.keys(body).length > 0)
				await api.patch(at`/admins/${admin.name}`, body, { match: tagOf(admin) });
			toast(`${admin.name} is saved.`);
			onDone();
			onClose();
		});

	return html`<form ref=${form.form} onSubmit=${form.submit}>
		<${CheckField} label="May log in" value=${form.values.enabled}
			onValue=${form.set('enabled')} />
		<${Choice} legend="Role" value=${form.values.role} onValue=${form.set('role')}
			options=${ROLES}
			error=${form.fault('role')} />
		<${PasswordField} label="New password" optional canMake value=${form.values.password}
			onValue=${form.set('password')} autocomplete="new-password"
				error=${form.fault('password')}
			help="All sessions of this administrator end with it." />
		${admin.totp && html`<${CheckField} label="Switch off the code at login"
			value=${form.values.reset}
			onValue=${form.set('reset')}
				help="When the phone with the authenticator app is lost." />`}
		<${FormError} form=${form} fields=${['role', 'password']} />
		<div class="dialog-foot"><button type="button" class="button"
			onClick=${onClose}>Cancel</button>
			<${Submit} form=${form}>Save<//></div></form>`;
}

function Admins() {
	const admins = useResource('/admins');
	const person = usePerson();
	const [dialog, setDialog] = useState(null);
	const remove = async (admin) => {
		const sure = await confirm({ title: `Remove ${admin.name}?`, action: 'Remove', danger: true,
			words: 'Its sessions end at once. What it did stays in the audit.' });
		if (sure && await attempt(() => api.remove(at`/admins/${admin.name}`, undefined,
			{ match: ANY }),
			`${admin.name} is removed.`))
			admins.reload();
	};
	const columns = [
		{ title: 'Name', head: true, cell: (a) => html`${a.name}${person && a.name === person.name
			? html` <${Badge}>you<//>` : ''}` },
		{ title: 'State', cell: (a) => a.enabled ? html`<${Check}>Enabled<//>` :
			html`<${Cross}>Disabled<//>` },
		{ title: 'Role', cell: (a) => a.role },
		{ title: 'Code at login', cell: (a) => a.totp ? html`<${Check}>Yes<//>` : html`<span
			class="muted">no</span>` },
		{ title: 'Last login', cell: (a) => html`<span
			title=${moment(a.last_login)}>${ago(a.last_login)}</span>` },
		{ label: 'Actions', cell: (a) => html`<div class="row-actions">
			<button type="button" class="button small" onClick=${() => setDialog(a.name)}
				aria-label=${`Change ${a.name}`}>Change</button>
			<button type="button" class="button small" onClick=${() => remove(a)}
				aria-label=${`Remove ${a.name}`}>Remove</button></div>` },
	];

	return html`<${Panel} title="Administrators" actions=${html`<button type="button"
			class="button small primary" onClick=${() => setDialog('')}><${Icon} name="plus" />New
			administrator</button>`}>
		<${Load} from=${admins}>${(data) => html`<${Table} caption="Administrators"
			columns=${columns}
			rows=${data.admins || data} keyOf=${(a) => a.name} />`}<//>
		${dialog === '' && html`<${NewAdmin} onClose=${() => setDialog(null)}
			onDone=${admins.reload} />`}
		${dialog && html`<${EditAdmin} name=${dialog} onClose=${() => setDialog(null)}
			onDone=${admins.reload} />`}<//>`;
}

function NewKey({ onClose, onDone }) {
	const [made, setMade] = useState(null);
	const form = useForm({ name: '', scope: 'read', expires: '' }, async (values) => {
		const body = { name: values.name.trim(), scope: values.scope };
		if (values.expires)
			body.expires = fromLocalInput(values.expires);
		setMade(await api.post('/keys', body));
		onDone();
	});

	if (made)
		return html`<${Dialog} title="The new key" onClose=${onClose}>
			<${Notice} kind="warn"><p>It is shown this once. Keep it where the program finds
				it.</p><//>
			<div class="wrap-code"><${CodeBlock} text=${made.key} label="Key" /></div>
			<p class="muted">Programs send it with each request: <code>Authorization: Bearer
				KEY</code></p>
			<div class="dialog-foot"><button type="button" class="button primary"
				onClick=${onClose}>Done</button>
			</div><//>`;
	return html`<${Dialog} title="New API key" onClose=${onClose}>
		<form ref=${form.form} onSubmit=${form.submit}>
			<${TextField} label="Name" required value=${form.values.name}
				onValue=${form.set('name')}
				error=${form.fault('name')} placeholder="monitoring" />
			<${Choice} legend="Scope" value=${form.values.scope} onValue=${form.set('scope')}
				options=${SCOPES}
				error=${form.fault('scope')} />
			<${TextField} label="Expires" optional type="datetime-local"
				value=${form.values.expires}
				onValue=${form.set('expires')} error=${form.fault('expires')} />
			<${FormError} form=${form} fields=${['name', 'scope', 'expires']} />
			<div class="dialog-foot"><button type="button" class="button"
				onClick=${onClose}>Cancel</button>
				<${Submit} form=${form}>Make the key<//></div></form><//>`;
}

function Keys() {
	const keys = useResource('/keys');
	const [isNew, setNew] = useState(false);
	const remove = async (key) => {
		const sure = await confirm({ title: `Remove the key ${key.name}?`, action: 'Remove',
			danger: true,
			words: 'Programs that use it are refused from now on.' });
		if (sure && await attempt(() => api.remove(at`/keys/${key.id}`),
			`The key ${key.name} is removed.`))
			keys.reload();
	};
	const columns = [
		{ title: 'Name', head: true, cell: (k) => k.name },
		{ title: 'Scope', cell: (k) => k.scope },
		{ title: 'Expires', cell: (k) => k.expires ? html`<span
			title=${moment(k.expires)}>${ago(k.expires)}</span>`
			: 'never' },
		{ title: 'Last used', cell: (k) => html`<span
			title=${moment(k.last_used)}>${ago(k.last_used)}</span>` },
		{ label: 'Actions', cell: (k) => html`<div class="row-actions"><button type="button"
			class="button small"
			onClick=${() => remove(k)}
				aria-label=${`Remove the key ${k.name}`}>Remove</button></div>` },
	];

	return html`<${Panel} title="API keys" actions=${html`<button type="button"
		class="button small primary"
			onClick=${() => setNew(true)}><${Icon} name="plus" />New key</button>`}>
		<${Load} from=${keys}>${(data) => html`<${Table} caption="API keys" columns=${columns}
			rows=${data.keys || data} keyOf=${(k) => k.id} empty="No program has a key." />`}<//>
		${isNew && html`<${NewKey} onClose=${() => setNew(false)} onDone=${keys.reload} />`}<//>`;
}

export function Administrators() {
	return html`<${PageHead} title="Administrators"
		lead="Who manages this server. They are no FTP users." />
		<${Admins} /><${Keys} />`;
}
