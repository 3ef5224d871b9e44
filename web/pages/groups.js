// pages/groups.js - groups: what their members have when they have none of their own.
import { html, useState } from '../lib.js';
import { api, at, may, tagOf, useResource } from '../api.js';
import { go, hrefTo } from '../route.js';
import { confirm, Dialog } from '../ui/dialog.js';
import { FormError, SelectField, Submit, TextField, useForm } from '../ui/form.js';
import { Icon } from '../ui/icon.js';
import { ErrorBox, Load, Loading, PageHead, Panel } from '../ui/page.js';
import { Limits, Permissions, Quota, RightsPanels, cleanRights,
	differences } from '../ui/rights.js';
import { Table } from '../ui/table.js';
import { attempt, toast } from '../ui/toast.js';
import { bytes, count } from '../words.js';

const FIELDS = ['permissions', 'rules', 'folders', 'denied', 'hidden', 'quota', 'member_quota',
	'limits',
	'uploads'];

export function GroupSelect({ value, onValue, error }) {
	const groups = useResource('/groups', { limit: 1000 });
	const names = groups.data ? groups.data.groups.map((group) => group.name) : value ?
		[value] : [];

	return html`<${SelectField} label="Group" value=${value || ''} error=${error}
		onValue=${(name) => onValue(name || null)}
		options=${[['', 'none'], ...names.map((name) => [name, name])]} />`;
}

function NewGroup({ onClose }) {
	const form = useForm({ name: '' }, async (values) => {
		const group = await api.post('/groups', { name: values.name.trim() });
		onClose();
		go('groups', group.name);
	});

	return html`<${Dialog} title="New group" onClose=${onClose}>
		<form ref=${form.form} onSubmit=${form.submit}>
			<${TextField} label="Name" required value=${form.values.name}
				onValue=${form.set('name')}
				error=${form.fault('name')} />
			<${FormError} form=${form} fields=${['name']} />
			<div class="dialog-foot"><button type="button" class="button"
				onClick=${onClose}>Cancel</button>
				<${Submit} form=${form}>Create the group<//></div></form><//>`;
}

function List() {
	const groups = useResource('/groups', { limit: 1000 });
	const [isNew, setNew] = useState(false);
	const columns = [
		{ title: 'Group', head: true, cell: (g) => html`<a href=${hrefTo('groups',
			g.name)}>${g.name}</a>` },
		{ title: 'Members', num: true, cell: (g) => g.members === undefined ? '–' : html`<a
			href=${hrefTo('users', { group: g.name })}>${count(Array.isArray(g.members) ?
				g.members.length
				: g.members)}</a>` },
		{ title: 'Permissions', cell: (g) => (g.permissions || []).length === 9 ? 'all'
			: (g.permissions || []).join(', ') || 'none' },
		{ title: 'Storage together', num: true, cell: (g) => g.quota && g.quota.bytes
			? bytes(g.quota.bytes) : 'no limit' },
		{ title: 'Storage of each', num: true, cell: (g) => g.member_quota && g.member_quota.bytes
			? bytes(g.member_quota.bytes) : 'no limit' },
	];

	return html`<${PageHead} title="Groups" lead="A group says what its members may do, and how
		much, wherever they
		have no setting of their own.">${may('operator') && html`<button type="button"
			class="button primary" onClick=${() => setNew(true)}><${Icon} name="plus" />New
				group</button>`}<//>
		<${Load} from=${groups}>${(data) => html`<${Table} caption="Groups" columns=${columns}
			rows=${data.groups} keyOf=${(g) => g.name}
				empty="There is no group. Users do without." />`}<//>
		${isNew && html`<${NewGroup} onClose=${() => setNew(false)} />`}`;
}

function valuesOf(group) {
	return {
		permissions: group.permissions || [], rules: group.rules || [], folders: group.folders ||
			[],
		denied: group.denied || [], hidden: group.hidden || [], limits: group.limits || {},
		uploads: group.uploads ?? null, quota: group.quota || { bytes: 0, files: 0 },
		member_quota: group.member_quota || { bytes: 0, files: 0 },
	};
}

// Quotas of a group know no "as somebody else": an empty field is no limit.
function clean(values) {
	const noNull = (quota) => ({ bytes: quota.bytes ?? 0, files: quota.files ?? 0 });

	return { ...cleanRights(values), quota: noNull(values.quota), member_quota:
		noNull(values.member_quota) };
}

function Form({ group, onSaved }) {
	const [before] = useState(() => valuesOf(group));
	const form = useForm(before, async (values) => {
		const changes = differences(clean(before), clean(values));
		if (Object.keys(changes).length > 0)
			onSaved(await api.patch(at`/groups/${group.name}`, changes, { match: tagOf(group) }));
		toast(`${group.name} is saved. It holds from the next login of its members on.`);
	});

	return html`<form class="form" ref=${form.form} onSubmit=${form.submit}>
		<fieldset class="form" disabled=${!may('operator')}><legend class="unseen">Settings of the
			group</legend>
		<${RightsPanels} form=${form}><${Permissions} name="Permissions"
			value=${form.values.permissions}
			onValue=${form.set('permissions')} /><//>
		<${Panel} title="Quota of all members together"><${Quota} form=${form}
			inherits="no limit" /><//>
		<${Panel} title="Quota of each member"><${Quota} form=${form} name="member_quota"
			inherits="no limit" /><//>
		<${Panel} title="Limits of each member"><${Limits} form=${form}
			inherits="as the server" /><//>
		</fieldset>
		${may('operator') && html`<div class="save-bar"><${Submit} form=${form}>Save<//>
			<${FormError} form=${form} fields=${FIELDS} />
			${form.error && form.error.field && html`<span class="field-error" role="alert">Not
				saved: see the
				field above.</span>`}</div>`}
	</form>`;
}

function One({ name }) {
	const resource = useResource(at`/groups/${name}`);
	const [version, setVersion] = useState(0);
	const group = resource.data;
	const remove = async () => {
		const sure = await confirm({ title: `Delete the group ${name}?`, action: 'Delete the group',
			danger: true, words: 'Its members stay, with what they have of their own.' });
		if (sure && await attempt(() => api.remove(at`/groups/${name}`, undefined, { match:
			tagOf(group) }),
			`The group ${name} is deleted.`))
			go('groups');
	};

	return html`<${PageHead} title=${name} back=${{ href: hrefTo('groups'), title: 'Groups' }}>
		<a class="button" href=${hrefTo('users', { group: name })}>Members</a>
		${group && may('operator') && html`<button type="button" class="button" onClick=${remove}>
			<${Icon} name="trash" />Delete</button>`}<//>
		${resource.error && html`<${ErrorBox} error=${resource.error} retry=${resource.reload} />`}
		${!group && !resource.error && html`<${Loading} />`}
		${group && html`<${Form} key=${version} group=${group} onSaved=${(next) => {
			resource.setData(next);
			setVersion(version + 1);
		}} />`}`;
}

export function Groups({ route }) {
	return route.parts[1] ? html`<${One} name=${route.parts[1]} key=${route.parts[1]} />` :
		html`<${List} />`;
}
