import * as initial from './20261124_initial.js'
import * as forms from './20261128_forms.js'

export const migrations = [
  { name: '20261124_initial', ...initial },
  { name: '20261128_forms', ...forms },
]
