// pages/settings.js - every setting of the server, drawn from the registry that the API tells.
import { html, useMemo, useState } from '../lib.js';
import { ANY, api, may, tagOf, useResource } from '../api.js';
import { hrefTo } from '../route.js';
import { Icon } from '../ui/icon.js';
import { Load, Notice, PageHead, Panel } from '../ui/page.js';
import { Badge } from '../ui/status.js';
import { Search, Table } from '../ui/table.js';
import { attempt, toast } from '../ui/toast.js';

const SUCCESSOR_MS = 4000;
const SECTIONS = {
	server: 'Server', ftp: 'FTP', tls: 'TLS', accounts: 'Accounts', limits: 'Limits',
		manager: 'Manager',
};
const PLAIN_WARNING = 'Passwords and files of unencrypted FTP can be read by everybody on the way. ' +
	'Prefer FTPS; where an old device needs it, allow it for its user alone.';

function textOf(setting) {
	return setting.text ?? (setting.value === null || setting.value === undefined ? '' :
		String(setting.value));
}

// What stands between the person and the field: null when it may be changed here.
function lockOf(setting) {
	if (setting.editable !== false)
		return may('owner') ? null : 'Only an owner changes settings.';
	if (setting.place)
		return `Set in ${setting.place}: change it there.`;
	return 'It is set when the server starts, in its file or on its command line.';
}

function Control({ setting, text, onText, id, about, isBad }) {
	const common = { id, 'aria-describedby': about, 'aria-invalid': isBad ? 'true' : undefined,
		disabled: Boolean(lockOf(setting)) };

	if (setting.type === 'bool')
		return html`<select ...${common} onChange=${(e) => onText(e.currentTarget.value)}>
			${['yes', 'no'].map((word) => html`<option value=${word}
				selected=${word === text}>${word}
				</option>`)}</select>`;
	if ((setting.words || []).length > 0)
		return html`<select ...${common} onChange=${(e) => onText(e.currentTarget.value)}>
			${setting.words.map((word) => html`<option value=${word}
				selected=${word === text}>${word}
				</option>`)}</select>`;
	return html`<input ...${common} type="text" value=${text} spellcheck="false" autocomplete="off"
		placeholder=${setting.default} onInput=${(e) => onText(e.currentTarget.value)} />`;
}

function Origin({ setting }) {
	const origin = setting.origin;

	if (origin === 'default')
		return null;
	return html`<${Badge} kind=${origin === 'database' ? 'note' : 'idle'} title=${setting.place}>${
		origin === 'database' ? 'set here' : (setting.place || origin).split('/').at(-1)}<//>`;
}

function Setting({ setting, change, problem, warning, onChange }) {
	const id = `setting-${setting.name}`;
	const isReset = change === null;
	const text = change === undefined ? textOf(setting) : isReset ? setting.default : change;
	const lock = lockOf(setting);

	return html`<div class=${`setting ${change !== undefined ? 'changed' : ''}`}>
		<div><div class="name"><label for=${id}>${setting.name}</label>
				<${Origin} setting=${setting} />
				${setting.needs === 'restart' && html`<${Badge}>needs a restart<//>`}</div>
			<p class="help" id=${`${id}-help`}>${setting.help}</p></div>
		<div class="control">
			<${Control} setting=${setting} text=${text} id=${id} isBad=${problem}
				about=${`${id}-help ${id}-under`}
				onText=${(next) => onChange(next === textOf(setting) ? undefined : next)} />
			<div class="under" id=${`${id}-under`}>
				${setting.unit && html`<span>in ${setting.unit}</span>`}
				${setting.allowed && html`<span>${setting.allowed}</span>`}
				<span>default: ${setting.default === '' || setting.default === null ? 'nothing'
					: setting.default}</span>
				${lock && html`<span>${lock}</span>`}
				${setting.pending && html`<span><${Badge} kind="warn">from the restart on<//> ${
					setting.pending}</span>`}
				${setting.origin === 'database' && !lock && change === undefined && html`<button
					type="button"
					class="button link" onClick=${() => onChange(null)}>Back to the
						default</button>`}
				${change !== undefined && html`<button type="button" class="button link"
					onClick=${() => onChange(undefined)}>Undo</button>`}
			</div>
			${problem && html`<p class="field-error" role="alert"><${Icon} name="cross"
				size="12" /> ${problem}
				</p>`}
			${warning && html`<p class="small"><${Badge} kind="warn">Warning<//> ${warning}</p>`}
			${setting.name === 'plain_ftp' && text === 'yes' && html`<${Notice} kind="warn"
				title="Unencrypted FTP"><p>${PLAIN_WARNING}</p><//>`}
		</div>
	</div>`;
}

// The addresses that this server could be reached at, and one click to take one.
function Detect({ onTake, canTake }) {
	const [found, setFound] = useState(null);
	const [isBusy, setBusy] = useState(false);
	const detect = async () => {
		setBusy(true);
		const answer = await attempt(() => api.post('/settings/external-address/detect'));
		setBusy(false);
		if (answer)
			setFound(answer);
	};

	return html`<${Panel} title="External address" lead="What clients are told to connect to for
		data. Behind a router
		or in a cloud it is the public address, and the server cannot know it by itself."
		actions=${canTake && html`<button type="button" class="button small" onClick=${detect}
			disabled=${isBusy}>${isBusy ? 'Looking…' : 'Detect'}</button>`}>
		${found ? html`<${Table} caption="Addresses that were found" rows=${found.candidates}
			empty="No address was found. Ask your provider for the public one." columns=${[
				{ title: 'Address', head: true, cell: (c) => html`<span
					class="row"><code>${c.address}</code>
					${c.address === found.suggestion && html`<${Badge}
						kind="ok">suggested<//>`}</span>` },
				{ title: 'From', cell: (c) => c.from },
				{ title: 'Why', cell: (c) => c.explanation },
				{ label: 'Actions', cell: (c) => html`<div class="row-actions"><button type="button"
					class="button small" aria-label=${`Take ${c.address}`}
					onClick=${() => onTake(c.address)}>Take</button></div>` },
			]} />` : html`<p class="muted">Detection asks this machine only: its interfaces, the
				addresses that clients
				came to, and the name of the server. No other host is asked.</p>`}<//>`;
}

function SaveBar({ changes, onCheck, onSave, onDrop, isBusy }) {
	const n = Object.keys(changes).length;

	return html`<div class="save-bar"><strong>${n} ${n === 1 ?
		'setting' : 'settings'} changed</strong>
		<span class="spring"></span>
		<button type="button" class="button" onClick=${onDrop}>Undo all</button>
		<button type="button" class="button" disabled=${isBusy} onClick=${onCheck}>Check</button>
		<button type="button" class="button primary" disabled=${isBusy} onClick=${onSave}>${isBusy
			? 'One moment…' : 'Save and apply'}</button></div>`;
}

function byName(list) {
	return Object.fromEntries((list || []).map((item) => [item.name, item.detail]));
}

function useChanges(settings) {
	const [changes, setChanges] = useState({});
	const [findings, setFindings] = useState({ problems: {}, warnings: {} });
	const [isBusy, setBusy] = useState(false);
	const change = (name) => (value) => {
		setChanges((old) => {
			const next = { ...old, [name]: value };
			if (value === undefined)
				delete next[name];
			return next;
		});
		setFindings({ problems: {}, warnings: {} });
	};
	const check = async () => {
		setBusy(true);
		const answer = await attempt(() => api.post('/settings/check', changes));
		setBusy(false);
		if (!answer)
			return false;
		setFindings({ problems: byName(answer.problems), warnings: byName(answer.warnings) });
		if (!answer.ok)
			toast('These settings do not fit. What is wrong stands beside them.', 'bad');
		return answer;
	};
	const save = async () => {
		const answer = await check();
		if (!answer || !answer.ok)
			return;
		setBusy(true);
		const done = await attempt(() => api.patch('/settings', changes, { match:
			tagOf(settings.data) || ANY }));
		setBusy(false);
		if (!done)
			return;
		setChanges({});
		const later = (done.needs_restart || []).join(', ');
		toast(later ? `Saved. Restart the server for: ${later}.`
			: 'Saved and applied. New sessions have it, running ones go on with theirs.');
		// A new manager is coming up; the old one may still answer the next look.
		const fresh = new Map((done.settings || []).map((setting) => [setting.name, setting]));
		settings.setData({ ...settings.data, settings: settings.data.settings.map((setting) =>
			fresh.get(setting.name) || setting) });
		setTimeout(settings.reload, SUCCESSOR_MS);
	};
	const checked = async () => {
		const answer = await check();
		if (answer && answer.ok)
			toast((answer.warnings || []).length ?
				'It would work; mind the warnings.' : 'It would work.');
	};
	return { changes, change, findings, isBusy, save, check: checked, drop: () => setChanges({}) };
}

export function Settings({ route }) {
	const settings = useResource('/settings');
	const edit = useChanges(settings);
	const search = route.query.search || '';
	const sections = useMemo(() => {
		const found = new Map();
		for (const setting of (settings.data || { settings: [] }).settings) {
			const text = `${setting.name} ${setting.help}`.toLowerCase();
			if (search && !text.includes(search.toLowerCase()))
				continue;
			found.set(setting.section, [...(found.get(setting.section) || []), setting]);
		}
		return [...found];
	}, [settings.data, search]);
	const n = Object.keys(edit.changes).length;

	return html`<${PageHead} title="Settings" lead="Every setting, with where its value comes from:
		the default, this page, the
		file, or the command line. A later one of these wins." />
		<div class="tools"><${Search} label="Search settings" value=${search} onSearch=${(text) =>
			location.replace(hrefTo('settings', { search: text }))} /></div>
		<${Load} from=${settings}>${(data) => html`
			${data.pending_restart && html`<${Notice} kind="warn"
				title="Some settings wait for a restart">
				<p>They are saved. Restart the server when it suits: <code>systemctl restart
					sallyportd</code></p>
				<//>`}
			${(data.problems || []).map((problem) => html`<${Notice} key=${problem.name} kind="bad"
				title=${`The stored value of ${problem.name} is not used`}>
				<p>${problem.detail} Set another one here, or go back to the default.</p><//>`)}
			${!search && html`<${Detect} canTake=${may('owner')} onTake=${(address) => {
				edit.change('external_ip')(address);
				document.getElementById('setting-external_ip').focus();
			}} />`}
			${sections.map(([section, rows]) => html`<${Panel} key=${section} class="flush"
				title=${SECTIONS[section] || section}>${rows.map((setting) => html`<${Setting}
					key=${setting.name} setting=${setting} change=${edit.changes[setting.name]}
					problem=${edit.findings.problems[setting.name]}
					warning=${edit.findings.warnings[setting.name]}
					onChange=${edit.change(setting.name)} />`)}<//>`)}
			${sections.length === 0 && html`<p class="muted">No setting fits the search.</p>`}
			${n > 0 && html`<${SaveBar} changes=${edit.changes} isBusy=${edit.isBusy}
				onCheck=${edit.check}
				onSave=${edit.save} onDrop=${edit.drop} />`}`}<//>`;
}
