// ui/table.js - tables with captions and scopes, that become cards where the screen is narrow; and
// what stands around a list: search, filters, "more".
import { html, useEffect, useRef, useState } from '../lib.js';
import { count } from '../words.js';
import { Icon } from './icon.js';
import { ErrorBox, Loading } from './page.js';

// columns: {title, cell(row), num, wide, head}; head marks the column that names the row. Roles are
// written out since the narrow layout takes the table's display away, and with it its meaning.
export function Table({ caption, columns, rows, keyOf, empty = 'Nothing here.', showCaption,
	rowClass }) {
	return html`<div class="table-frame"><table role="table">
		<caption class=${showCaption ? '' : 'unseen'}>${caption}</caption>
		<thead role="rowgroup"><tr role="row">
			${columns.map((column) => html`<th role="columnheader" scope="col"
				class=${column.num ? 'num' : ''}>${column.title ||
				html`<span class="unseen">${column.label || 'Actions'}</span>`}</th>`)}
		</tr></thead>
		<tbody role="rowgroup">
			${rows.map((row, i) => html`<tr role="row" key=${keyOf ? keyOf(row) : i}
				class=${rowClass ? rowClass(row) : ''}>
				${columns.map((column) => html`<${column.head ? 'th' : 'td'}
					role=${column.head ? 'rowheader' : 'cell'} scope=${column.head ? 'row' :
						undefined}
					data-title=${column.title || ''}
					class=${[column.num && 'num', column.wide && 'wide',
						column.class].filter(Boolean)
						.join(' ')}>${column.cell(row)}<//>`)}
			</tr>`)}
			${rows.length === 0 && html`<tr role="row" class="empty"><td role="cell"
				colspan=${columns.length}>${empty}</td></tr>`}
		</tbody>
	</table></div>`;
}

// The table of a list that usePaged has loaded.
export function PagedTable({ paged, noun = 'rows', ...table }) {
	const { rows, next, total, error, isLoading } = paged;

	if (error && rows.length === 0)
		return html`<${ErrorBox} error=${error} retry=${paged.reload} />`;
	if (isLoading && rows.length === 0)
		return html`<${Loading} />`;
	return html`<${Table} ...${table} rows=${rows} />
		${error && html`<${ErrorBox} error=${error} retry=${paged.reload} />`}
		<div class="table-foot">
			<span aria-live="polite">${rows.length > 0 && (total !== null && total !== undefined
				? `${count(rows.length)} of ${count(total)} ${noun}`
				: `${count(rows.length)} ${noun}${next ? ' so far' : ''}`)}</span>
			${next && html`<button type="button" class="button" disabled=${isLoading}
				onClick=${paged.more}>${isLoading ? 'Loading…' : 'Show more'}</button>`}
		</div>`;
}

const TYPING_MS = 250;

// A search field that asks once the typing pauses.
export function Search({ value, onSearch, label, placeholder }) {
	const [text, setText] = useState(value || '');
	const timer = useRef(0);

	useEffect(() => setText(value || ''), [value]);
	useEffect(() => () => clearTimeout(timer.current), []);
	const type = (event) => {
		const next = event.currentTarget.value;
		setText(next);
		clearTimeout(timer.current);
		timer.current = setTimeout(() => onSearch(next.trim()), TYPING_MS);
	};
	return html`<label class="search"><span class="unseen">${label}</span><${Icon} name="search" />
		<input type="search" value=${text} placeholder=${placeholder || label} onInput=${type}
			autocomplete="off" spellcheck="false" /></label>`;
}

// A small labelled choice above a list. options: [[value, words], ...]
export function Filter({ label, value, options, onChange }) {
	return html`<label class="filter"><span>${label}</span>
		<select value=${value || ''} onChange=${(e) => onChange(e.currentTarget.value)}>
			${options.map(([v, words]) => html`<option value=${v} selected=${v === (value || '')}
				>${words}</option>`)}
		</select></label>`;
}

export function FilterText({ label, value, onChange, type = 'text', placeholder }) {
	return html`<label class="filter"><span>${label}</span>
		<input type=${type} value=${value || ''} placeholder=${placeholder} spellcheck="false"
			autocomplete="off" onChange=${(e) => onChange(e.currentTarget.value.trim())} /></label>`;
}
