/** @type {import('payload').Access} */
export const isLoggedIn = ({ req }) => Boolean(req.user)

/** @type {import('payload').Access} */
export const isAdmin = ({ req }) => req.user?.role === 'admin'

/** @type {import('payload').Access} */
export const isAdminOrSelf = ({ req }) => {
  if (!req.user) return false
  return req.user.role === 'admin' || { id: { equals: req.user.id } }
}
