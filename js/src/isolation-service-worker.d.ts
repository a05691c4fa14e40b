// A classic script, for the page and as its service worker; it exports nothing.
export {};
