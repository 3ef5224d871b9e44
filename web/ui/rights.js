// ui/rights.js - the parts that the forms of users and groups share: permissions, path rules,
// names,
// folders, quotas, limits.
import { html } from '../lib.js';
import { CheckField, LinesField, NumberField, SelectField, SizeField, TextField,
	cleanLines } from './form.js';
import { Icon } from './icon.js';
import { Panel } from './page.js';

const PERMISSIONS = [
	['list', 'List'], ['download', 'Download'], ['upload', 'Upload'], ['overwrite', 'Overwrite'],
	['delete', 'Delete'], ['rename', 'Rename'], ['mkdir', 'Make folders'], ['rmdir',
		'Remove folders'],
	['attributes', 'Change times and modes'],
];
const READ_ONLY = ['list', 'download'];

export function Permissions({ value, onValue, disabled, name }) {
	const turn = (permission) => (isOn) => onValue(PERMISSIONS.map(([p]) => p).filter((p) =>
		p === permission ? isOn : value.includes(p)));

	return html`<fieldset disabled=${disabled}><legend class="unseen">${name}</legend>
		<div class="checks">${PERMISSIONS.map(([p, words]) => html`<${CheckField} key=${p}
			label=${words}
			value=${value.includes(p)} onValue=${turn(p)} />`)}</div>
		${!disabled && html`<p class="row small"><button type="button" class="button link"
			onClick=${() => onValue(PERMISSIONS.map(([p]) => p))}>All</button>
			<button type="button" class="button link" onClick=${() => onValue(READ_ONLY)}>Read
				only</button>
			<button type="button" class="button link"
				onClick=${() => onValue([])}>None</button></p>`}
	</fieldset>`;
}

function change(list, index, part) {
	return list.map((row, i) => i === index ? { ...row, ...part } : row);
}

function RemoveButton({ onClick, label }) {
	return html`<button type="button" class="button" aria-label=${label} onClick=${onClick}>
		<${Icon} name="trash" /></button>`;
}

export function PathRules({ value, onValue, error }) {
	return html`<div class="stack-small"><h3>Rules for paths</h3>
		<p class="help">What may be done in one folder and all beneath it. The longest path
			decides.</p>
		${value.map((rule, i) => html`<div class="stack-small" key=${i}>
			<div class="edit-row"><${TextField} label="Path" mono value=${rule.path}
				placeholder="/incoming"
				onValue=${(path) => onValue(change(value, i, { path }))} />
			<span></span>
			<${RemoveButton} label=${`Remove the rule for ${rule.path}`}
				onClick=${() => onValue(value.filter((_, other) => other !== i))} /></div>
			<${Permissions} name=${`Permissions in ${rule.path}`} value=${rule.permissions}
				onValue=${(permissions) => onValue(change(value, i, { permissions }))} /></div>`)}
		${error && html`<p class="field-error">${error}</p>`}
		<p><button type="button" class="button small" onClick=${() => onValue([...value,
			{ path: '/', permissions: READ_ONLY }])}><${Icon} name="plus" />Add a
				rule</button></p></div>`;
}

export function Folders({ value, onValue, error }) {
	return html`<div class="stack-small"><h3>Virtual folders</h3>
		<p class="help">A name in the user's tree that leads to another directory of the server.</p>
		${value.map((folder, i) => html`<div key=${i} class="stack-small"><div class="edit-row">
			<${TextField} label="Path" mono value=${folder.path} placeholder="/share"
				onValue=${(path) => onValue(change(value, i, { path }))} />
			<${TextField} label="Directory of the server" mono value=${folder.directory}
				placeholder="/srv/share" onValue=${(directory) => onValue(change(value, i,
					{ directory }))} />
			<${RemoveButton} label=${`Remove the folder ${folder.path}`}
				onClick=${() => onValue(value.filter((_, other) => other !== i))} /></div>
			<${CheckField} label="Read only" value=${folder.read_only}
				onValue=${(isOn) => onValue(change(value, i, { read_only: isOn }))} /></div>`)}
		${error && html`<p class="field-error">${error}</p>`}
		<p><button type="button" class="button small" onClick=${() => onValue([...value,
			{ path: '/', directory: '', read_only: false }])}><${Icon} name="plus" />Add a
				folder</button></p>
	</div>`;
}

export function Names({ form }) {
	return html`<div class="grid-2">
		<${LinesField} label="Denied names" optional value=${form.values.denied}
			onValue=${form.set('denied')} error=${form.fault('denied')} placeholder="*.exe"
			help="Patterns, one a line. Such names are not uploaded, downloaded, made or
				renamed." />
		<${LinesField} label="Hidden names" optional value=${form.values.hidden}
			onValue=${form.set('hidden')} error=${form.fault('hidden')} placeholder=".*"
			help="Patterns, one a line. Such names are as if they were not there." /></div>`;
}

const LIMITS = [
	['session_upload_rate', 'Upload rate of a session', 'bytes per second'],
	['session_download_rate', 'Download rate of a session', 'bytes per second'],
	['user_upload_rate', 'Upload rate of all sessions', 'bytes per second'],
	['user_download_rate', 'Download rate of all sessions', 'bytes per second'],
	['upload_size', 'Largest upload', 'bytes, of a file after the upload'],
	['min_rate', 'Least rate', 'bytes per second; slower transfers are ended'],
];

// inherits: where an empty field takes its value from, in words.
export function Limits({ form, inherits }) {
	const set = (name) => (value) => form.set('limits')({ ...form.values.limits, [name]: value });
	const error = form.fault('limits');

	return html`<div class="form"><div class="grid-2">
		<${NumberField} label="Sessions at once" value=${form.values.limits.user_sessions}
			onValue=${set('user_sessions')} placeholder=${inherits} help="0 is no limit." />
		${LIMITS.map(([name, words, unit]) => html`<${SizeField} key=${name} label=${words}
			value=${form.values.limits[name]} onValue=${set(name)} placeholder=${inherits}
			help=${`${unit}, such as 500K or 10M`} />`)}
		<${SelectField} label="How uploads are written" value=${form.values.uploads || ''}
			onValue=${(value) => form.set('uploads')(value || null)} error=${form.fault('uploads')}
			options=${[['', inherits], ['atomic', 'Atomic: the name appears when all is there'],
				['direct', 'Direct: the name is there from the start']]} />
	</div>${error && html`<p class="field-error">${error}</p>`}</div>`;
}

export function Quota({ form, name = 'quota', inherits, label = '' }) {
	const quota = form.values[name];
	const set = (part) => (value) => form.set(name)({ ...quota, [part]: value });

	return html`<div class="grid-2">
		<${SizeField} label=${`${label}Storage`} value=${quota.bytes} onValue=${set('bytes')}
			placeholder=${inherits} help="Such as 50G. 0 is no limit." error=${form.fault(name)} />
		<${NumberField} label=${`${label}Files`} value=${quota.files} onValue=${set('files')}
			placeholder=${inherits} help="How many files. 0 is no limit." /></div>`;
}

// The lists of a form as the API takes them: blanks of the text fields are gone.
export function cleanRights(values) {
	return { ...values, denied: cleanLines(values.denied), hidden: cleanLines(values.hidden) };
}

// What differs from before, member by member.
export function differences(before, after) {
	const changed = {};

	for (const [name, value] of Object.entries(after))
		if (JSON.stringify(value) !== JSON.stringify(before[name]))
			changed[name] = value;
	return changed;
}

export function RightsPanels({ form, children }) {
	return html`<${Panel} title="Permissions"><div class="form">${children}
		<hr /><${PathRules} value=${form.values.rules} onValue=${form.set('rules')}
			error=${form.fault('rules')} />
		<hr /><${Folders} value=${form.values.folders} onValue=${form.set('folders')}
			error=${form.fault('folders')} />
		<hr /><${Names} form=${form} /></div><//>`;
}
