SELECT
  COALESCE(CAST(SUM(CASE WHEN (
    "event" = 'Order Completed'
  ) THEN 1 END) AS BIGINT), 0) AS "orders",
  COALESCE(
    CAST(SUM(CASE WHEN (
      "event" = 'Order Completed'
    ) THEN "revenue_cents" END) AS BIGINT),
    0
  ) AS "spend_cents",
  MAX_BY("occurred_us", ROW("occurred_us", "fact_id")) FILTER(WHERE
    (
      "event" = 'Order Completed'
    ) AND NOT "store" IS NULL) AS "last_store__t",
  MAX_BY("fact_id", ROW("occurred_us", "fact_id")) FILTER(WHERE
    (
      "event" = 'Order Completed'
    ) AND NOT "store" IS NULL) AS "last_store__id",
  MAX_BY("store", ROW("occurred_us", "fact_id")) FILTER(WHERE
    (
      "event" = 'Order Completed'
    ) AND NOT "store" IS NULL) AS "last_store",
  MAX(CASE WHEN (
    "event" = 'Order Completed'
  ) THEN "day" END) AS "max_day__order_completed_78ef78"
FROM "facts";

SELECT
  COALESCE(CAST(SUM("orders") AS BIGINT), 0) AS "orders",
  COALESCE(CAST(SUM("spend_cents") AS BIGINT), 0) AS "spend_cents",
  MAX_BY("last_store__t", ROW("last_store__t", "last_store__id")) FILTER(WHERE
    NOT "last_store" IS NULL) AS "last_store__t",
  MAX_BY("last_store__id", ROW("last_store__t", "last_store__id")) FILTER(WHERE
    NOT "last_store" IS NULL) AS "last_store__id",
  MAX_BY("last_store", ROW("last_store__t", "last_store__id")) FILTER(WHERE
    NOT "last_store" IS NULL) AS "last_store",
  MAX("max_day__order_completed_78ef78") AS "max_day__order_completed_78ef78"
FROM "states";

SELECT
  "owner" AS "owner",
  "day" AS "key",
  COALESCE(
    CAST(SUM(
      CASE
        WHEN (
          "event" = 'Order Line'
        ) AND (
          "category" = 'IT''S BREAD'
        )
        THEN 1
      END
    ) AS BIGINT),
    0
  ) AS "n__order_line_f925e5"
FROM "facts"
WHERE
  (
    (
      "event" = 'Order Line'
    ) AND (
      "category" = 'IT''S BREAD'
    )
  )
  AND NOT "day" IS NULL
  AND (
    "day" > (
      20000 - 400
    )
  )
GROUP BY
  "owner",
  "day";

SELECT
  "owner" AS "owner",
  "day" AS "key",
  COALESCE(CAST(SUM(CASE WHEN (
    "event" = 'Order Completed'
  ) THEN 1 END) AS BIGINT), 0) AS "n__order_completed"
FROM "facts"
WHERE
  (
    (
      "event" = 'Order Completed'
    )
  ) AND NOT "day" IS NULL
GROUP BY
  "owner",
  "day";

SELECT
  "owner" AS "owner",
  "category" AS "key",
  COALESCE(
    CAST(SUM(CASE WHEN (
      "event" = 'Order Line'
    ) THEN "revenue_cents" END) AS BIGINT),
    0
  ) AS "revenue_cents__order_line"
FROM "facts"
WHERE
  (
    (
      "event" = 'Order Line'
    )
  ) AND NOT "category" IS NULL
GROUP BY
  "owner",
  "category";

SELECT
  "t"."customer" AS "customer",
  COALESCE(
    CAST(SUM(
      CASE
        WHEN (
          "c"."key" > (
            20000 - 90
          )
        ) AND (
          "c"."key" <= 20000
        )
        THEN "c"."n__order_line_f925e5"
      END
    ) AS BIGINT),
    0
  ) AS "bread_90"
FROM "touched" AS "t"
LEFT JOIN "cell_window" AS "c"
  ON (
    "c"."customer" = "t"."customer"
  )
GROUP BY
  "t"."customer";

SELECT
  "t"."customer" AS "customer",
  CAST(COUNT("c"."key") AS BIGINT) AS "days__order_completed_f9a0aa",
  COALESCE(CAST(SUM((
    "c"."gap" * "c"."gap"
  )) AS BIGINT), 0) AS "gap_squares__order_completed_379e1d",
  COALESCE(CAST(SUM("c"."gap") AS BIGINT), 0) AS "gap_sum__order_completed_9f3803",
  MAX("c"."key") AS "newest__order_completed_a04138"
FROM "touched" AS "t"
LEFT JOIN (
  SELECT
    "customer",
    "key",
    CASE WHEN (
      "rank" < 1000
    ) THEN (
      "key" - "before"
    ) END AS "gap"
  FROM (
    SELECT
      "customer",
      "key",
      ROW_NUMBER() OVER (PARTITION BY "customer" ORDER BY "key" DESC NULLS FIRST) AS "rank",
      LEAD("key") OVER (PARTITION BY "customer" ORDER BY "key" DESC NULLS FIRST) AS "before"
    FROM "cell_days_order_completed"
    JOIN "touched"
      USING ("customer")
    WHERE
      (
        "key" <= 20000
      )
  ) AS "ranked"
  WHERE
    (
      "rank" <= 1000
    )
) AS "c"
  ON (
    "c"."customer" = "t"."customer"
  )
GROUP BY
  "t"."customer";

SELECT
  "t"."customer" AS "customer",
  MIN_BY("c"."key", ROW(-"c"."revenue_cents__order_line", "c"."key")) FILTER(WHERE
    (
      "c"."revenue_cents__order_line" > 0
    )) AS "top_category"
FROM "touched" AS "t"
LEFT JOIN "cell_category_order_line" AS "c"
  ON (
    "c"."customer" = "t"."customer"
  )
GROUP BY
  "t"."customer"
