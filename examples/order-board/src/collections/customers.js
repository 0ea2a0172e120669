import { isAdmin, isLoggedIn } from './access.js'

/** @type {import('payload').CollectionConfig} */
export const customers = {
  slug: 'customers',
  admin: { useAsTitle: 'name', defaultColumns: ['name', 'email', 'city'] },
  access: { read: isLoggedIn, create: isLoggedIn, update: isLoggedIn, delete: isAdmin },
  fields: [
    { name: 'name', type: 'text', required: true },
    { name: 'email', type: 'email', required: true, unique: true },
    { name: 'street', type: 'text' },
    { name: 'city', type: 'text' },
  ],
}
