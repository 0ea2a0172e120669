/**
 * What Payload generates for a small shop, as far as types go into the package's.
 */
export interface Customer {
  id: number
  name: string
  updatedAt: string
  createdAt: string
}
export interface Order {
  id: number
  orderNumber: number
  status?: ('pending' | 'shipped') | null
  customer?: (number | null) | Customer
  items?: { product?: string | null; quantity?: number | null; id?: string | null }[] | null
  address?: { street?: string | null; city?: string | null }
  updatedAt: string
  createdAt: string
}
export interface Settings {
  id: number
  title: string
  updatedAt?: string | null
  createdAt?: string | null
}

declare module 'payload' {
  export interface GeneratedTypes {
    collections: { orders: Order; customers: Customer }
    collectionsJoins: {}
    collectionsSelect: {
      orders: { orderNumber?: boolean; status?: boolean; customer?: boolean }
      customers: { name?: boolean }
    }
    globals: { settings: Settings }
    globalsSelect: { settings: { title?: boolean } }
    locale: null
    fallbackLocale: null
    db: { defaultIDType: number }
  }
}
