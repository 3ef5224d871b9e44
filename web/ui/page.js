// ui/page.js - the frame of a page: heading, panels, lists of facts, waiting and errors.
import { html, useEffect, useId } from '../lib.js';
import { Icon } from './icon.js';

export function PageHead({ title, lead, back, children }) {
	useEffect(() => { document.title = `${title} · Sallyport`; }, [title]);
	return html`<header class="page-head">
		<div>
			${back && html`<a class="back" href=${back.href}><${Icon} name="back" size="14" />
				${back.title}</a>`}
			<h1>${title}</h1>
			${lead && html`<p class="lead">${lead}</p>`}
		</div>
		${children && html`<div class="actions">${children}</div>`}
	</header>`;
}

export function Panel({ title, lead, actions, children, class: className = '' }) {
	const id = useId();

	return html`<section class=${`panel ${className}`} aria-labelledby=${title ? id : undefined}>
		${title && html`<div class="panel-head"><h2 id=${id}>${title}</h2>
			${actions && html`<div class="actions">${actions}</div>`}</div>`}
		${lead && html`<p class="panel-lead">${lead}</p>`}
		${children}
	</section>`;
}

// rows: [[name, value], ...]; a row whose value is undefined is left out.
export function Facts({ rows }) {
	return html`<dl class="facts">${rows.filter(([, value]) => value !== undefined).map(
		([name, value]) => html`<div><dt>${name}</dt><dd>${value === null ? '–' :
			value}</dd></div>`)}
	</dl>`;
}

export function Loading({ what = 'Loading…' }) {
	return html`<p class="loading" role="status"><span class="spinner" aria-hidden="true"></span>
		${what}</p>`;
}

// An error says what to do next: at least, try again.
export function ErrorBox({ error, retry, children }) {
	return html`<div class="notice bad" role="alert"><${Icon} name="cross" />
		<div><p>${error ? error.message : children}</p>
		${retry && html`<p><button type="button" class="button" onClick=${retry}>Try
			again</button></p>`}
		</div></div>`;
}

export function Notice({ kind = 'note', title, children, actions }) {
	const icon = { note: 'note', warn: 'warning', bad: 'cross', ok: 'check' }[kind];

	return html`<div class=${`notice ${kind}`}><${Icon} name=${icon} />
		<div>${title && html`<p class="notice-title">${title}</p>`}${children}</div>
		${actions && html`<div class="actions">${actions}</div>`}</div>`;
}

// What a resource looks like while it is on its way, and when it did not come.
export function Load({ from, children }) {
	if (from.data)
		return html`${from.error && html`<${ErrorBox} error=${from.error} retry=${from.reload} />`}
			${children(from.data)}`;
	if (from.error)
		return html`<${ErrorBox} error=${from.error} retry=${from.reload} />`;
	return html`<${Loading} />`;
}
