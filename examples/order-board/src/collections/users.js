import { isAdmin, isAdminOrSelf, isLoggedIn } from './access.js'

/** @type {import('payload').CollectionConfig} */
export const users = {
  slug: 'users',
  admin: { useAsTitle: 'name', defaultColumns: ['name', 'email', 'role'] },
  auth: true,
  access: { admin: isLoggedIn, read: isAdminOrSelf, create: isAdmin, update: isAdminOrSelf, delete: isAdmin },
  fields: [
    { name: 'name', type: 'text', required: true },
    {
      name: 'role',
      type: 'select',
      required: true,
      defaultValue: 'staff',
      saveToJWT: true,
      access: { update: ({ req }) => req.user?.role === 'admin' },
      options: [
        { value: 'staff', label: 'Staff' },
        { value: 'admin', label: 'Admin' },
      ],
    },
  ],
}
