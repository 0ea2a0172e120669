export { openView } from './open-view.js'

/** @typedef {import('./server-view.js').ServerView} ServerView */
/** @typedef {import('./server-view.js').PageState} PageState */
