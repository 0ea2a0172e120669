import * as initial from './20261124_initial.js'

export const migrations = [{ name: '20261124_initial', ...initial }]
