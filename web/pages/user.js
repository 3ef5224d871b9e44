// pages/user.js - one user: all that can be set, what is used, and what to put into clients.
import { html, useState } from '../lib.js';
import { api, at, may, tagOf, useResource } from '../api.js';
import { go, hrefTo } from '../route.js';
import { Bar } from '../ui/bar.js';
import { CodeBlock } from '../ui/copy.js';
import { confirm } from '../ui/dialog.js';
import { CheckField, FormError, LinesField, PasswordField, Submit, TextField, cleanLines,
	useForm } from '../ui/form.js';
import { Icon } from '../ui/icon.js';
import { ErrorBox, Facts, Load, Loading, PageHead, Panel } from '../ui/page.js';
import { Limits, Permissions, Quota, RightsPanels, cleanRights,
	differences } from '../ui/rights.js';
import { Tabs } from '../ui/tabs.js';
import { attempt, toast } from '../ui/toast.js';
import { ago, bytes, count, fromLocalInput, moment, toLocalInput } from '../words.js';
import { GroupSelect } from './groups.js';
import { EnabledSwitch, quotaOf, useUsed } from './users.js';

const CLIENTS = [
	['text', 'Mail', 'connection.txt'], ['filezilla', 'FileZilla', 'filezilla.xml'],
	['winscp', 'WinSCP', 'winscp.ini'], ['lftp', 'lftp', 'lftp.txt'], ['curl', 'curl', 'curl.txt'],
	['rclone', 'rclone', 'rclone.conf'], ['json', 'JSON', 'connection.json'],
];

// Shows an answer that may be text, or JSON when that is the format.
export function textOf(answer) {
	return typeof answer === 'string' ? answer : JSON.stringify(answer, null, 2);
}

export function Connection({ path, lead }) {
	const [format, setFormat] = useState('text');
	const settings = useResource(path, { format });
	const [, title, file] = CLIENTS.find(([id]) => id === format);

	return html`<${Panel} title="Settings for the client" lead=${lead}>
		<${Tabs} label="Client" value=${format} onValue=${setFormat}
			tabs=${CLIENTS.map(([id, words]) => [id, words])}>
			<${Load} from=${settings}>${(text) => html`<div class=${format === 'text' ?
				'wrap-code' : ''}>
				<${CodeBlock} text=${textOf(text)} label=${`Settings for ${title}`}
					name=${file} /></div>`}<//>
		<//><//>`;
}

const EDITED = ['home', 'group', 'permissions', 'rules', 'folders', 'denied', 'hidden', 'quota',
	'limits',
	'uploads', 'allowed_networks', 'expires', 'require_tls'];

function valuesOf(user) {
	const values = { password: '' };

	for (const name of EDITED)
		values[name] = user[name] === undefined ? null : user[name];
	values.inherits = user.permissions_from === 'group' || !user.permissions_from;
	values.shown_permissions = user.permissions || [];
	values.rules = user.rules || [];
	values.folders = user.folders || [];
	values.denied = user.denied || [];
	values.hidden = user.hidden || [];
	values.quota = user.quota || { bytes: null, files: null };
	values.limits = user.limits || {};
	values.allowed_networks = user.allowed_networks || [];
	values.require_tls = Boolean(user.require_tls);
	return values;
}

// Only what the person has changed is sent, so that two people who change two things do not
// collide.
function changesOf(before, values) {
	const clean = (v) => {
		const all = cleanRights(v);
		const body = { ...all, permissions: v.inherits ? null : v.shown_permissions,
			allowed_networks: cleanLines(v.allowed_networks) };
		delete body.inherits;
		delete body.shown_permissions;
		if (!body.password)
			delete body.password;
		return body;
	};

	return differences(clean(before), clean(values));
}

function AccountPanel({ form, user }) {
	return html`<${Panel} title="Account"><div class="form"><div class="grid-2">
		<${PasswordField} label="New password" optional canMake value=${form.values.password}
			onValue=${form.set('password')} autocomplete="new-password"
				error=${form.fault('password')}
			placeholder="unchanged" />
		<${TextField} label="Home directory" mono value=${form.values.home}
			onValue=${form.set('home')}
			error=${form.fault('home')}
				help="Beneath the data root, or an absolute path within one." />
		<${GroupSelect} value=${form.values.group} onValue=${form.set('group')}
			error=${form.fault('group')} /></div></div><//>`;
}

function AccessPanel({ form }) {
	return html`<${Panel} title="Access"><div class="form"><div class="grid-2">
		<${LinesField} label="Allowed networks" optional value=${form.values.allowed_networks}
			onValue=${form.set('allowed_networks')} error=${form.fault('allowed_networks')}
			placeholder="203.0.113.0/24" help="One a line. Nothing: from everywhere." />
		<${TextField} label="Expires" optional type="datetime-local"
			value=${toLocalInput(form.values.expires)} error=${form.fault('expires')}
			onValue=${(text) => form.set('expires')(fromLocalInput(text))}
			help="No login from that moment on, in your time zone." /></div>
		<${CheckField} label="Never without TLS" value=${form.values.require_tls}
			onValue=${form.set('require_tls')}
			help="Refuses plain FTP for this user, even where the server serves it." /></div><//>`;
}

function Usage({ user }) {
	const quota = quotaOf(user);
	const used = useUsed(user);

	return html`<${Panel} title="At a glance"><${Facts} rows=${[
		['State', html`<${EnabledSwitch} user=${user} onChanged=${user.onChanged} />`],
		['Last login', user.last_login ? `${ago(user.last_login)}${user.last_login_from
			? ` from ${user.last_login_from}` : ''}` : 'never'],
		['Sessions now', count(user.sessions)],
		['Storage', used ? html`<${Bar} value=${used.bytes} of=${quota.bytes || 0}
			label="Storage" words=${quota.bytes ? `${bytes(used.bytes)} of ${bytes(quota.bytes)}`
				: bytes(used.bytes)} />` : quota.bytes ?
					`limit ${bytes(quota.bytes)}` : 'no limit'],
		['Files', used ? html`<${Bar} value=${used.files} of=${quota.files || 0} label="Files"
			words=${quota.files ? `${count(used.files)} of ${count(quota.files)}` :
				count(used.files)} />`
			: undefined],
		['Created', moment(user.created)],
		['History', html`<a href=${hrefTo('transfers', { user: user.name })}>Transfers</a>${' · '}<a
			href=${hrefTo('events', { user: user.name })}>Events</a>`],
	]} /><//>`;
}

function Form({ user, onSaved }) {
	const [before] = useState(() => valuesOf(user));
	const inherits = user.group ? 'as the group' : 'as the server';
	const form = useForm(before, async (values) => {
		const changes = changesOf(before, values);
		if (Object.keys(changes).length === 0) {
			toast('Nothing has been changed.');
			return;
		}
		onSaved(await api.patch(at`/users/${user.name}`, changes, { match: tagOf(user) }));
		toast(`${user.name} is saved. It holds from the next login on.`);
	});
	const canEdit = may('operator');

	return html`<form class="form" ref=${form.form} onSubmit=${form.submit}>
		<fieldset class="form" disabled=${!canEdit}><legend class="unseen">Settings
			of ${user.name}</legend>
		<${AccountPanel} form=${form} user=${user} />
		<${AccessPanel} form=${form} />
		<${Panel} title="Quota"><${Quota} form=${form} inherits=${inherits} /><//>
		<${RightsPanels} form=${form}>
			<${CheckField} label="As the group says" value=${form.values.inherits}
				onValue=${form.set('inherits')} help="Without a group: everything." />
			<${Permissions} name="Permissions" value=${form.values.shown_permissions}
				disabled=${form.values.inherits} onValue=${form.set('shown_permissions')} /><//>
		<${Panel} title="Limits"><${Limits} form=${form} inherits=${inherits} /><//>
		</fieldset>
		${canEdit && html`<div class="save-bar"><${Submit} form=${form}>Save<//>
			<${FormError} form=${form} fields=${['password', 'home', 'group', 'allowed_networks',
				'expires',
				'require_tls', 'quota', 'rules', 'folders', 'denied', 'hidden', 'limits', 'uploads']} />
			${form.error && html`<span class="field-error" role="alert">Not saved: see the field
				above.</span>`}
		</div>`}
	</form>`;
}

async function remove(user) {
	const sure = await confirm({ title: `Delete ${user.name}?`, action: 'Delete the user', danger:
		true,
		words: 'All sessions of this user end at once. The files stay where they are.' });

	if (sure && await attempt(() => api.remove(at`/users/${user.name}`, undefined, { match:
		tagOf(user) }),
		`${user.name} is deleted.`))
		go('users');
}

export function User({ name }) {
	const resource = useResource(at`/users/${name}`);
	const user = resource.data;
	const [version, setVersion] = useState(0);
	const saved = (next) => {
		resource.setData(next);
		setVersion((old) => old + 1); // the form begins anew with what is stored
	};

	return html`<${PageHead} title=${name} back=${{ href: hrefTo('users'), title: 'Users' }}>
			${user && may('operator') && html`<button type="button" class="button"
				onClick=${() => remove(user)}><${Icon} name="trash" />Delete</button>`}<//>
		${resource.error && html`<${ErrorBox} error=${resource.error} retry=${resource.reload} />`}
		${!user && !resource.error && html`<${Loading} />`}
		${user && html`<div class="columns side">
			<${Form} key=${version} user=${user} onSaved=${saved} />
			<div class="stack"><${Usage} user=${{ ...user, onChanged: resource.reload }} />
				<${Connection} path=${at`/users/${name}/connection`}
					lead="To copy, or to send. The password is never in it." /></div>
		</div>`}`;
}
