SELECT
  COALESCE(CAST(SUM(CASE WHEN (
    `event` = 'Order Completed'
  ) THEN 1 END) AS BIGINT), 0) AS `orders`,
  COALESCE(
    CAST(SUM(CASE WHEN (
      `event` = 'Order Completed'
    ) THEN `revenue_cents` END) AS BIGINT),
    0
  ) AS `spend_cents`,
  MAX_BY(`occurred_us`, STRUCT(`occurred_us`, `fact_id`)) FILTER(WHERE
    (
      `event` = 'Order Completed'
    ) AND NOT `store` IS NULL) AS `last_store__t`,
  MAX_BY(`fact_id`, STRUCT(`occurred_us`, `fact_id`)) FILTER(WHERE
    (
      `event` = 'Order Completed'
    ) AND NOT `store` IS NULL) AS `last_store__id`,
  MAX_BY(`store`, STRUCT(`occurred_us`, `fact_id`)) FILTER(WHERE
    (
      `event` = 'Order Completed'
    ) AND NOT `store` IS NULL) AS `last_store`,
  COALESCE(
    CAST(SUM(
      CASE
        WHEN (
          `event` = 'Order Completed'
        )
        AND (
          `revenue_cents` < 1000001
        )
        AND (
          `revenue_cents` > (
            -1000001
          )
        )
        THEN 1
      END
    ) AS BIGINT),
    0
  ) AS `count_n__order_completed_af4154_c95f74`,
  COALESCE(
    CAST(SUM(
      CASE
        WHEN (
          `event` = 'Order Completed'
        )
        AND (
          `revenue_cents` < 1000001
        )
        AND (
          `revenue_cents` > (
            -1000001
          )
        )
        THEN (
          `revenue_cents` * `revenue_cents`
        )
      END
    ) AS BIGINT),
    0
  ) AS `squares_revenue_cents__order_completed_a_ccc707`,
  COALESCE(
    CAST(SUM(
      CASE
        WHEN (
          `event` = 'Order Completed'
        )
        AND (
          `revenue_cents` < 1000001
        )
        AND (
          `revenue_cents` > (
            -1000001
          )
        )
        THEN `revenue_cents`
      END
    ) AS BIGINT),
    0
  ) AS `sum_revenue_cents__order_completed_af415_2d6fe9`,
  MAX(CASE WHEN (
    `event` = 'Order Completed'
  ) THEN `day` END) AS `max_day__order_completed_78ef78`
FROM `facts`;

SELECT
  COALESCE(CAST(SUM(`orders`) AS BIGINT), 0) AS `orders`,
  COALESCE(CAST(SUM(`spend_cents`) AS BIGINT), 0) AS `spend_cents`,
  MAX_BY(`last_store__t`, STRUCT(`last_store__t`, `last_store__id`)) FILTER(WHERE
    NOT `last_store` IS NULL) AS `last_store__t`,
  MAX_BY(`last_store__id`, STRUCT(`last_store__t`, `last_store__id`)) FILTER(WHERE
    NOT `last_store` IS NULL) AS `last_store__id`,
  MAX_BY(`last_store`, STRUCT(`last_store__t`, `last_store__id`)) FILTER(WHERE
    NOT `last_store` IS NULL) AS `last_store`,
  COALESCE(CAST(SUM(`count_n__order_completed_af4154_c95f74`) AS BIGINT), 0) AS `count_n__order_completed_af4154_c95f74`,
  COALESCE(CAST(SUM(`squares_revenue_cents__order_completed_a_ccc707`) AS BIGINT), 0) AS `squares_revenue_cents__order_completed_a_ccc707`,
  COALESCE(CAST(SUM(`sum_revenue_cents__order_completed_af415_2d6fe9`) AS BIGINT), 0) AS `sum_revenue_cents__order_completed_af415_2d6fe9`,
  MAX(`max_day__order_completed_78ef78`) AS `max_day__order_completed_78ef78`
FROM `states`;

SELECT
  `owner` AS `owner`,
  `day` AS `key`,
  COALESCE(
    CAST(SUM(
      CASE
        WHEN (
          `event` = 'Order Line'
        ) AND (
          `category` = 'IT\'S BREAD'
        )
        THEN 1
      END
    ) AS BIGINT),
    0
  ) AS `n__order_line_f925e5`
FROM `facts`
WHERE
  (
    (
      `event` = 'Order Line'
    ) AND (
      `category` = 'IT\'S BREAD'
    )
  )
  AND NOT `day` IS NULL
  AND (
    `day` > (
      20000 - 400
    )
  )
GROUP BY
  `owner`,
  `day`;

SELECT
  `owner` AS `owner`,
  `day` AS `key`,
  COALESCE(CAST(SUM(CASE WHEN (
    `event` = 'Order Completed'
  ) THEN 1 END) AS BIGINT), 0) AS `n__order_completed`
FROM `facts`
WHERE
  (
    (
      `event` = 'Order Completed'
    )
  ) AND NOT `day` IS NULL
GROUP BY
  `owner`,
  `day`;

SELECT
  `owner` AS `owner`,
  `category` AS `key`,
  COALESCE(
    CAST(SUM(CASE WHEN (
      `event` = 'Order Line'
    ) THEN `revenue_cents` END) AS BIGINT),
    0
  ) AS `revenue_cents__order_line`
FROM `facts`
WHERE
  (
    (
      `event` = 'Order Line'
    )
  ) AND NOT `category` IS NULL
GROUP BY
  `owner`,
  `category`;

SELECT
  `owner` AS `owner`,
  (
    CASE
      WHEN (
        `revenue_cents` < 0
      )
      THEN -(
        (
          CAST(LENGTH(CAST(ABS(`revenue_cents`) AS STRING)) AS BIGINT) * 100
        ) + CAST(SUBSTRING(CAST(ABS(`revenue_cents`) AS STRING), 1, 2) AS BIGINT)
      )
      ELSE (
        (
          CAST(LENGTH(CAST(ABS(`revenue_cents`) AS STRING)) AS BIGINT) * 100
        ) + CAST(SUBSTRING(CAST(ABS(`revenue_cents`) AS STRING), 1, 2) AS BIGINT)
      )
    END
  ) AS `key`,
  COALESCE(CAST(SUM(CASE WHEN (
    `event` = 'Order Completed'
  ) THEN 1 END) AS BIGINT), 0) AS `n__order_completed`
FROM `facts`
WHERE
  (
    (
      `event` = 'Order Completed'
    )
  ) AND NOT `revenue_cents` IS NULL
GROUP BY
  `owner`,
  (
    CASE
      WHEN (
        `revenue_cents` < 0
      )
      THEN -(
        (
          CAST(LENGTH(CAST(ABS(`revenue_cents`) AS STRING)) AS BIGINT) * 100
        ) + CAST(SUBSTRING(CAST(ABS(`revenue_cents`) AS STRING), 1, 2) AS BIGINT)
      )
      ELSE (
        (
          CAST(LENGTH(CAST(ABS(`revenue_cents`) AS STRING)) AS BIGINT) * 100
        ) + CAST(SUBSTRING(CAST(ABS(`revenue_cents`) AS STRING), 1, 2) AS BIGINT)
      )
    END
  );

SELECT
  `owner` AS `owner`,
  `product_hash` AS `key`,
  COALESCE(CAST(SUM(CASE WHEN (
    `event` = 'Order Line'
  ) THEN 1 END) AS BIGINT), 0) AS `n__order_line`
FROM `facts`
WHERE
  (
    (
      `event` = 'Order Line'
    )
  ) AND NOT `product_hash` IS NULL
GROUP BY
  `owner`,
  `product_hash`;

SELECT
  `t`.`customer` AS `customer`,
  COALESCE(
    CAST(SUM(
      CASE
        WHEN (
          `c`.`key` > (
            20000 - 90
          )
        ) AND (
          `c`.`key` <= 20000
        )
        THEN `c`.`n__order_line_f925e5`
      END
    ) AS BIGINT),
    0
  ) AS `bread_90`
FROM `touched` AS `t`
LEFT JOIN `cell_window` AS `c`
  ON (
    `c`.`customer` = `t`.`customer`
  )
GROUP BY
  `t`.`customer`;

SELECT
  `t`.`customer` AS `customer`,
  CAST(COUNT(`c`.`key`) AS BIGINT) AS `days__order_completed_f9a0aa`,
  COALESCE(CAST(SUM((
    `c`.`gap` * `c`.`gap`
  )) AS BIGINT), 0) AS `gap_squares__order_completed_379e1d`,
  COALESCE(CAST(SUM(`c`.`gap`) AS BIGINT), 0) AS `gap_sum__order_completed_9f3803`,
  MAX(`c`.`key`) AS `newest__order_completed_a04138`,
  COALESCE(CAST(MAX(CASE WHEN (
    `c`.`rank` = 1
  ) THEN `c`.`weeks_in_run` END) AS BIGINT), 0) AS `latest_weeks__order_completed_26537f`,
  COALESCE(CAST(MAX(`c`.`days_in_run`) AS BIGINT), 0) AS `longest`,
  COALESCE(CAST(MAX(CASE WHEN (
    `c`.`rank` = 1
  ) THEN `c`.`days_in_run` END) AS BIGINT), 0) AS `latest_days__order_completed_f163e6`
FROM `touched` AS `t`
LEFT JOIN (
  SELECT
    *,
    SUM(CASE WHEN (
      `gap` IS NULL OR (
        `gap` > 0
      )
    ) THEN 1 ELSE 0 END) OVER (PARTITION BY `customer`, `days_run`) AS `days_in_run`,
    SUM(CASE WHEN (
      `week_gap` IS NULL OR (
        `week_gap` > 0
      )
    ) THEN 1 ELSE 0 END) OVER (PARTITION BY `customer`, `weeks_run`) AS `weeks_in_run`
  FROM (
    SELECT
      *,
      SUM(CASE WHEN (
        `gap` IS NULL OR (
          `gap` > 1
        )
      ) THEN 1 ELSE 0 END) OVER (PARTITION BY `customer` ORDER BY `key` ASC NULLS LAST) AS `days_run`,
      SUM(CASE WHEN (
        `week_gap` IS NULL OR (
          `week_gap` > 1
        )
      ) THEN 1 ELSE 0 END) OVER (PARTITION BY `customer` ORDER BY `key` ASC NULLS LAST) AS `weeks_run`
    FROM (
      SELECT
        `customer`,
        `key`,
        CASE WHEN (
          `rank` < 1000
        ) THEN (
          `key` - `before`
        ) END AS `gap`,
        `rank`,
        CASE
          WHEN (
            `rank` < 1000
          )
          THEN (
            CAST(FLOOR((
              CAST((
                `key` + 3
              ) AS DOUBLE) / CAST('7.0' AS DOUBLE)
            )) AS BIGINT) - CAST(FLOOR((
              CAST((
                `before` + 3
              ) AS DOUBLE) / CAST('7.0' AS DOUBLE)
            )) AS BIGINT)
          )
        END AS `week_gap`
      FROM (
        SELECT
          `customer`,
          `key`,
          ROW_NUMBER() OVER (PARTITION BY `customer` ORDER BY `key` DESC NULLS FIRST) AS `rank`,
          LEAD(`key`) OVER (PARTITION BY `customer` ORDER BY `key` DESC NULLS FIRST) AS `before`
        FROM `cell_days_order_completed`
        JOIN `touched`
          USING (`customer`)
        WHERE
          (
            `key` <= 20000
          )
      ) AS `ranked`
      WHERE
        (
          `rank` <= 1000
        )
    ) AS `kept`
  ) AS `runs`
) AS `c`
  ON (
    `c`.`customer` = `t`.`customer`
  )
GROUP BY
  `t`.`customer`;

SELECT
  `t`.`customer` AS `customer`,
  MIN_BY(`c`.`key`, STRUCT(-`c`.`revenue_cents__order_line`, `c`.`key`)) FILTER(WHERE
    (
      `c`.`revenue_cents__order_line` > 0
    )) AS `top_category`,
  COALESCE(
    CAST(SUM(
      CASE WHEN (
        `c`.`key` = 'IT\'S BREAD'
      ) THEN `c`.`revenue_cents__order_line` END
    ) AS BIGINT),
    0
  ) AS `bread_cents`
FROM `touched` AS `t`
LEFT JOIN `cell_category_order_line` AS `c`
  ON (
    `c`.`customer` = `t`.`customer`
  )
GROUP BY
  `t`.`customer`;

SELECT
  `t`.`customer` AS `customer`,
  MIN(
    CASE
      WHEN (
        (
          `c`.`n__order_completed` > 0
        )
        AND (
          (
            `c`.`n__order_completed__upto` * 100
          ) >= (
            `c`.`n__order_completed__all` * 50
          )
        )
      )
      THEN `c`.`middle`
    END
  ) AS `median_cents`
FROM `touched` AS `t`
LEFT JOIN (
  SELECT
    *,
    (
      (
        CASE WHEN (
          `key` < 0
        ) THEN (
          -1
        ) ELSE 1 END
      ) * (
        CASE
          WHEN (
            ABS(`key`) < 200
          )
          THEN (
            ABS(`key`) - 100
          )
          WHEN (
            ABS(`key`) < 300
          )
          THEN (
            ABS(`key`) - 200
          )
          WHEN (
            ABS(`key`) < 400
          )
          THEN (
            (
              (
                2 * (
                  ABS(`key`) - 300
                )
              ) + 1
            ) * 5
          )
          WHEN (
            ABS(`key`) < 500
          )
          THEN (
            (
              (
                2 * (
                  ABS(`key`) - 400
                )
              ) + 1
            ) * 50
          )
          WHEN (
            ABS(`key`) < 600
          )
          THEN (
            (
              (
                2 * (
                  ABS(`key`) - 500
                )
              ) + 1
            ) * 500
          )
          WHEN (
            ABS(`key`) < 700
          )
          THEN (
            (
              (
                2 * (
                  ABS(`key`) - 600
                )
              ) + 1
            ) * 5000
          )
          WHEN (
            ABS(`key`) < 800
          )
          THEN (
            (
              (
                2 * (
                  ABS(`key`) - 700
                )
              ) + 1
            ) * 50000
          )
          WHEN (
            ABS(`key`) < 900
          )
          THEN (
            (
              (
                2 * (
                  ABS(`key`) - 800
                )
              ) + 1
            ) * 500000
          )
          WHEN (
            ABS(`key`) < 1000
          )
          THEN (
            (
              (
                2 * (
                  ABS(`key`) - 900
                )
              ) + 1
            ) * 5000000
          )
          WHEN (
            ABS(`key`) < 1100
          )
          THEN (
            (
              (
                2 * (
                  ABS(`key`) - 1000
                )
              ) + 1
            ) * 50000000
          )
          WHEN (
            ABS(`key`) < 1200
          )
          THEN (
            (
              (
                2 * (
                  ABS(`key`) - 1100
                )
              ) + 1
            ) * 500000000
          )
          WHEN (
            ABS(`key`) < 1300
          )
          THEN (
            (
              (
                2 * (
                  ABS(`key`) - 1200
                )
              ) + 1
            ) * 5000000000
          )
          WHEN (
            ABS(`key`) < 1400
          )
          THEN (
            (
              (
                2 * (
                  ABS(`key`) - 1300
                )
              ) + 1
            ) * 50000000000
          )
          WHEN (
            ABS(`key`) < 1500
          )
          THEN (
            (
              (
                2 * (
                  ABS(`key`) - 1400
                )
              ) + 1
            ) * 500000000000
          )
          WHEN (
            ABS(`key`) < 1600
          )
          THEN (
            (
              (
                2 * (
                  ABS(`key`) - 1500
                )
              ) + 1
            ) * 5000000000000
          )
        END
      )
    ) AS `middle`,
    CAST(SUM(`n__order_completed`) OVER (PARTITION BY `customer` ORDER BY `key` ASC NULLS LAST) AS BIGINT) AS `n__order_completed__upto`,
    CAST(SUM(`n__order_completed`) OVER (PARTITION BY `customer`) AS BIGINT) AS `n__order_completed__all`
  FROM `cell_histogram_revenue_cents_order_completed`
) AS `c`
  ON (
    `c`.`customer` = `t`.`customer`
  )
GROUP BY
  `t`.`customer`;

SELECT
  `t`.`customer` AS `customer`,
  CASE
    WHEN (
      CAST(COUNT(`c`.`key`) AS BIGINT) < 64
    )
    THEN CAST(COUNT(`c`.`key`) AS BIGINT)
    ELSE GREATEST(
      COALESCE(
        CAST(FLOOR(
          (
            CAST(CAST('63.0' AS DOUBLE) AS DOUBLE) / NULLIF(
              CAST((
                CAST((
                  CAST(MAX(`c`.`key`) AS DOUBLE) + CAST('9.223372036854776e+18' AS DOUBLE)
                ) AS DOUBLE) / NULLIF(CAST(CAST('1.8446744073709552e+19' AS DOUBLE) AS DOUBLE), CAST(0 AS DOUBLE))
              ) AS DOUBLE),
              CAST(0 AS DOUBLE)
            )
          )
        ) AS BIGINT),
        64
      ),
      64
    )
  END AS `products`
FROM `touched` AS `t`
LEFT JOIN `cell_distinct_product_hash_order_line` AS `c`
  ON (
    `c`.`customer` = `t`.`customer`
  )
GROUP BY
  `t`.`customer`
