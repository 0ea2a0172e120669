import { faultHooks } from '../faults.js'
import { labels, statuses } from '../orders.js'
import { isAdmin, isLoggedIn } from './access.js'

/** @type {import('payload').CollectionConfig} */
export const orders = {
  slug: 'orders',
  admin: {
    useAsTitle: 'orderNumber',
    defaultColumns: ['orderNumber', 'status', 'customer', 'total', 'updatedAt'],
  },
  access: { read: isLoggedIn, create: isLoggedIn, update: isLoggedIn, delete: isAdmin },
  defaultSort: '-orderNumber',
  hooks: {
    beforeOperation: [faultHooks.beforeOperation],
    afterChange: [faultHooks.afterChange],
    afterDelete: [faultHooks.afterDelete],
  },
  fields: [
    { name: 'orderNumber', type: 'number', required: true, unique: true, index: true },
    {
      name: 'status',
      type: 'select',
      required: true,
      defaultValue: 'pending',
      index: true,
      options: statuses.map((value) => ({ value, label: labels[value] })),
    },
    { name: 'customer', type: 'relationship', relationTo: 'customers', required: true },
    {
      name: 'items',
      type: 'array',
      required: true,
      minRows: 1,
      fields: [
        { name: 'product', type: 'text', required: true },
        { name: 'quantity', type: 'number', required: true, min: 1 },
        { name: 'price', type: 'number', required: true, min: 0, admin: { description: 'In cents, a piece' } },
      ],
    },
    { name: 'total', type: 'number', required: true, min: 0, admin: { description: 'In cents' } },
    { name: 'note', type: 'textarea', maxLength: 2000 },
  ],
}
