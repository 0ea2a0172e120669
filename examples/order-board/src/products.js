/** What the shop sells; prices in cents. */
export const products = [
  { product: 'Coffee beans, 1 kg', price: 1890 },
  { product: 'Pour-over kettle', price: 6400 },
  { product: 'Paper filters, 100', price: 550 },
  { product: 'Hand grinder', price: 8900 },
  { product: 'Stoneware mug', price: 1450 },
  { product: 'Glass carafe', price: 3200 },
  { product: 'Digital scale', price: 4590 },
  { product: 'Milk jug, 350 ml', price: 1990 },
  { product: 'Espresso tamper', price: 2750 },
  { product: 'Oat drink, 6 pack', price: 1320 },
  { product: 'Cleaning tablets', price: 990 },
  { product: 'Travel cup', price: 2250 },
]
