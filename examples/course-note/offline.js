/**
 * offline.js - registers the service worker that keeps the note for reading without a network (sw.js).
 */
if (/^https?:$/.test(location.protocol)) navigator.serviceWorker?.register('sw.js').catch(() => {}); // the note works without
