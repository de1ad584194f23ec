import type { ItemRow, NeedRow } from '../../database/tables/supplies.ts'

/*
 * What the service knows from its first day: staple foods, hygiene, bedding, and the medicines of chronic illness.
 * All of it can be changed or added to.
 *
 * Energy: USDA FoodData Central, rounded to ten; high energy biscuits by WFP's specification (450 kcal for 100 g).
 * Daily quantities: the WHO ATC/DDD index. A defined daily dose is a unit of measure, not a prescription.
 */

type Item = Omit<ItemRow, 'version' | 'created_at' | 'updated_at'>
type Row = readonly [code: string, hy: string, ru: string, en: string]

const item = (
  [code, hy, ru, en]: Row,
  category: ItemRow['category'],
  more: Partial<Item> & { unit: string; decimals: number },
): Item => ({
  code,
  names: { hy, ru, en },
  category,
  kcal_per_unit: null,
  atc_code: null,
  storage: 'ambient',
  controlled: false,
  ...more,
})

const food = (row: Row, kcal_per_unit: number, unit = 'kg', decimals = 3) =>
  item(row, 'food', { unit, decimals, kcal_per_unit })
const medicine = (row: Row, atc_code: string, unit: string, more: Partial<Item> = {}) =>
  item(row, 'medicine', { unit, decimals: 3, atc_code, ...more })
const piece = (row: Row, category: 'hygiene' | 'household' | 'medicine') =>
  item(row, category, { unit: 'piece', decimals: 0 })

export const default_items: readonly Item[] = [
  food(['wheat_flour', 'Ցորենի ալյուր', 'Пшеничная мука', 'Wheat flour'], 3640),
  food(['bread', 'Հաց', 'Хлеб', 'Bread'], 2660),
  food(['lavash', 'Լավաշ', 'Лаваш', 'Lavash'], 2750),
  food(['rice', 'Բրինձ', 'Рис', 'Rice'], 3650),
  food(['buckwheat', 'Հնդկաձավար', 'Гречка', 'Buckwheat'], 3430),
  food(['pasta', 'Մակարոն', 'Макароны', 'Pasta'], 3710),
  food(['lentils', 'Ոսպ', 'Чечевица', 'Lentils'], 3520),
  food(['beans', 'Լոբի', 'Фасоль', 'Dry beans'], 3330),
  food(['potatoes', 'Կարտոֆիլ', 'Картофель', 'Potatoes'], 770),
  food(['sunflower_oil', 'Արևածաղկի ձեթ', 'Подсолнечное масло', 'Sunflower oil'], 8840),
  food(['sugar', 'Շաքար', 'Сахар', 'Sugar'], 3870),
  food(['salt', 'Աղ', 'Соль', 'Salt'], 0),
  food(['tea', 'Թեյ', 'Чай', 'Tea'], 0),
  food(['canned_beef', 'Տավարի մսի պահածո', 'Тушёная говядина', 'Canned beef'], 2500),
  food(['canned_fish', 'Ձկան պահածո', 'Рыбные консервы', 'Canned fish'], 2000),
  food(['milk_powder', 'Կաթի փոշի', 'Сухое молоко', 'Whole milk powder'], 4960),
  food(['infant_formula', 'Մանկական կաթնախառնուրդ', 'Детская смесь', 'Infant formula'], 5120),
  food(
    [
      'high_energy_biscuits',
      'Բարձր էներգիայի թխվածքաբլիթ',
      'Высококалорийное печенье',
      'High energy biscuits',
    ],
    4500,
  ),
  food(['bottled_water', 'Շշալցված ջուր', 'Бутилированная вода', 'Bottled water'], 0, 'l'),

  item(['soap', 'Օճառ', 'Мыло', 'Soap'], 'hygiene', { unit: 'kg', decimals: 3 }),
  piece(['toothbrush', 'Ատամի խոզանակ', 'Зубная щётка', 'Toothbrush'], 'hygiene'),
  piece(['toothpaste', 'Ատամի մածուկ', 'Зубная паста', 'Toothpaste'], 'hygiene'),
  piece(['sanitary_pads', 'Հիգիենիկ միջադիրներ', 'Гигиенические прокладки', 'Sanitary pads'], 'hygiene'),
  piece(['nappies', 'Մանկական տակդիրներ', 'Подгузники', 'Nappies'], 'hygiene'),
  piece(['toilet_paper', 'Զուգարանի թուղթ', 'Туалетная бумага', 'Toilet paper'], 'hygiene'),
  item(['disinfectant', 'Ախտահանիչ', 'Дезинфицирующее средство', 'Disinfectant'], 'hygiene', {
    unit: 'l',
    decimals: 3,
  }),

  piece(['blanket', 'Վերմակ', 'Одеяло', 'Blanket'], 'household'),
  piece(['mattress', 'Ներքնակ', 'Матрас', 'Mattress'], 'household'),
  piece(['bed_linen', 'Անկողնային սպիտակեղեն', 'Постельное бельё', 'Bed linen'], 'household'),
  piece(['towel', 'Սրբիչ', 'Полотенце', 'Towel'], 'household'),
  piece(['heater', 'Ջեռուցիչ', 'Обогреватель', 'Heater'], 'household'),

  medicine(['insulin', 'Ինսուլին', 'Инсулин', 'Insulin'], 'A10A', 'unit', {
    decimals: 0,
    storage: 'cool_2_8',
  }),
  medicine(['metformin', 'Մետֆորմին', 'Метформин', 'Metformin'], 'A10BA02', 'g'),
  medicine(['enalapril', 'Էնալապրիլ', 'Эналаприл', 'Enalapril'], 'C09AA02', 'mg'),
  medicine(['amlodipine', 'Ամլոդիպին', 'Амлодипин', 'Amlodipine'], 'C08CA01', 'mg'),
  medicine(['bisoprolol', 'Բիսոպրոլոլ', 'Бисопролол', 'Bisoprolol'], 'C07AB07', 'mg'),
  medicine(['furosemide', 'Ֆուրոսեմիդ', 'Фуросемид', 'Furosemide'], 'C03CA01', 'mg'),
  medicine(['atorvastatin', 'Ատորվաստատին', 'Аторвастатин', 'Atorvastatin'], 'C10AA05', 'mg'),
  medicine(['levothyroxine', 'Լևոթիրօքսին', 'Левотироксин', 'Levothyroxine'], 'H03AA01', 'mg'),
  medicine(['salbutamol', 'Սալբուտամոլ', 'Сальбутамол', 'Salbutamol, inhaled'], 'R03AC02', 'mg'),
  medicine(['carbamazepine', 'Կարբամազեպին', 'Карбамазепин', 'Carbamazepine'], 'N03AF01', 'g'),
  piece(
    [
      'iehk_complete',
      'Միջգերատեսչական արտակարգ առողջապահական հավաքածու',
      'Межучрежденческий набор для чрезвычайных ситуаций',
      'Interagency Emergency Health Kit, complete',
    ],
    'medicine',
  ),
  piece(
    [
      'iehk_basic',
      'Արտակարգ առողջապահական հիմնական հավաքածու',
      'Базовый набор для чрезвычайных ситуаций',
      'Interagency Emergency Health Kit, basic unit',
    ],
    'medicine',
  ),
]

type Need = Omit<NeedRow, 'daily' | 'updated_at'> & { daily_quantity: string | null }

/** WHO's defined daily dose of one medicine, in the unit of the item. */
const daily = (code: string, daily_quantity: string): Need => {
  const of = default_items.find((one) => one.code === code)
  if (of === undefined) throw new Error(`no item is called ${code}`)
  return {
    code,
    names: of.names,
    item: code,
    daily_quantity,
    source: `WHO ATC/DDD index, ${of.atc_code}`,
  }
}

const other = (code: string, hy: string, ru: string, en: string): Need => ({
  code,
  names: { hy, ru, en },
  item: null,
  daily_quantity: null,
  source: null,
})

export const default_needs: readonly Need[] = [
  daily('insulin', '40'),
  daily('metformin', '2'),
  daily('enalapril', '10'),
  daily('amlodipine', '5'),
  daily('bisoprolol', '10'),
  daily('furosemide', '40'),
  daily('atorvastatin', '20'),
  daily('levothyroxine', '0.15'),
  daily('salbutamol', '0.8'),
  daily('carbamazepine', '1'),
  other('wheelchair', 'Անվասայլակ', 'Инвалидная коляска', 'Wheelchair'),
  other('pregnancy', 'Հղիություն', 'Беременность', 'Pregnancy'),
  other('infant_feeding', 'Նորածնի կերակրում', 'Кормление младенца', 'Infant feeding'),
  other('dialysis', 'Դիալիզ', 'Диализ', 'Dialysis'),
  other('psychosocial', 'Հոգեբանական աջակցություն', 'Психологическая поддержка', 'Psychosocial support'),
]
