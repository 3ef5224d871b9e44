// theme.js - light, dark, or as the system says. No module: it runs before the first paint.
(function () {
	let kept = null;

	try {
		kept = localStorage.getItem('sallyport-theme');
	} catch {
		kept = null; // no storage: as the system says
	}
	if (kept === 'light' || kept === 'dark')
		document.documentElement.dataset.theme = kept;
})();
