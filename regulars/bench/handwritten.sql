-- The demo brand's traits as somebody would write them who knows DuckDB and the lake, and needs them only once: who is
-- who joined to the facts, and as much of one event in one pass as fits into memory for a million customers: what keeps
-- texts or lists for each of them stands alone. $day is today.
set preserve_insertion_order = false;

create table orders as
select
    customer,
    count(*) as orders,
    coalesce(sum(revenue_cents), 0)::bigint as spend_cents,
    min(day) as first_order_day,
    max(day) as last_order_day,
    max(revenue_cents) as largest_order_cents,
    count(*) filter (day between $day - 29 and $day) as orders_30,
    count(*) filter (day between $day - 89 and $day) as orders_90,
    count(*) filter (day between $day - 364 and $day) as orders_365,
    coalesce(sum(revenue_cents) filter (day between $day - 29 and $day), 0)::bigint as spend_30_cents,
    coalesce(sum(revenue_cents) filter (day between $day - 89 and $day), 0)::bigint as spend_90_cents,
    coalesce(sum(revenue_cents) filter (day between $day - 364 and $day), 0)::bigint as spend_365_cents,
    coalesce(sum(quantity), 0)::bigint as pieces,
    count(*) filter (channel = 'web') as web_orders,
    coalesce(sum(discount_cents), 0)::bigint as discount_cents,
    count(*) filter (coupon_cents > 0) as coupon_orders,
    count(*) filter (quantity > 3) as larger,
    count(*) filter (quantity > 15) as stock_ups,
    count(*) filter (revenue_cents > 1500 and quantity <= 3) as treats
from facts join membership using (signature)
where event = 'Order Completed'
group by customer;

create table medians as
select customer, quantile_disc(revenue_cents, 0.5) as median_cents
from facts join membership using (signature)
where event = 'Order Completed' and revenue_cents is not null
group by customer;

-- Time and place in the journal as one number: a pair of them takes three times as long to compare.
create table ends as
with placed as (
    select customer, store, channel, occurred_us::hugeint * 9223372036854775808 + fact_id as place
    from facts join membership using (signature)
    where event = 'Order Completed'
)
select
    customer,
    arg_min(store, place) filter (store is not null) as first_store,
    arg_max(store, place) filter (store is not null) as last_store,
    arg_min(channel, place) filter (channel is not null) as first_channel,
    arg_max(channel, place) filter (channel is not null) as last_channel
from placed
group by customer;

create table channels as
select customer, count(*) as channels
from (
    select distinct customer, channel
    from facts join membership using (signature)
    where event = 'Order Completed' and channel is not null
)
group by customer;

create table order_days as
select distinct customer, day
from facts join membership using (signature)
where event = 'Order Completed' and day <= $day;

create table rhythm as
with gaps as (
    select customer, day, day - lag(day) over (partition by customer order by day) as gap from order_days
)
select
    customer,
    count(*) as order_days,
    coalesce(sum(gap), 0)::bigint as order_span_days,
    coalesce(sum(gap * gap), 0)::bigint as gap_squares
from gaps
group by customer;

-- Weeks begin on Monday, and day 0 was a Thursday. Neighboring weeks have the same distance to their number in order.
create table weeks as
with visited as (
    select distinct customer, (day + 3) // 7 as week from order_days
), runs as (
    select customer, week, week - row_number() over (partition by customer order by week) as run from visited
), lengths as (
    select customer, count(*) as weeks, max(week) as last_week from runs group by customer, run
)
select
    customer,
    sum(weeks)::bigint as order_weeks,
    max(weeks) as longest_week_streak,
    case when ($day + 3) // 7 - max(last_week) <= 1 then max_by(weeks, last_week) else 0 end as week_streak
from lengths
group by customer;

create table stores as
with visits as (
    select customer, store, count(*) as n
    from facts join membership using (signature)
    where event = 'Order Completed' and store is not null
    group by customer, store
)
select customer, arg_min(store, (-n, store)) as favorite_store, count(*) as stores
from visits
group by customer;

create table category_sums as
select
    customer, category,
    coalesce(sum(revenue_cents), 0)::bigint as cents,
    coalesce(sum(revenue_cents) filter (brand = 'Private'), 0)::bigint as private_cents,
    count(*) filter (category = 'CAT FOOD' and day between $day - 89 and $day) as cat_food_90
from facts join membership using (signature)
where event = 'Order Line'
group by customer, category;

create table categories as
select
    customer,
    arg_min(category, (-cents, category)) filter (category is not null and cents > 0) as top_category,
    coalesce(max(cents) filter (category is not null and cents > 0), 0) as top_category_cents,
    count(category) as categories,
    sum(cents)::bigint as line_cents,
    sum(private_cents)::bigint as private_cents,
    sum(cat_food_90)::bigint as cat_food_90
from category_sums
group by customer;

create table bought as
select customer, product, product_hash, coalesce(sum(revenue_cents), 0)::bigint as cents
from facts join membership using (signature)
where event = 'Order Line' and product is not null
group by customer, product, product_hash;

create table products as
select
    customer,
    arg_min(product, (-cents, product)) filter (cents > 0) as favorite_product,
    count(product_hash) as products
from bought
group by customer;

-- From 64 different ones on the product tells how many there are by how dense the smallest hashes lie.
create table densities as
select customer, min(product_hash, 64)[64] as dense
from bought
where customer in (select customer from products where products >= 64)
group by customer;

create table rest as
select
    customer,
    count(*) filter (event = 'Coupon Redeemed') as redemptions,
    count(*) filter (event = 'Campaign Sent' and day between $day - 89 and $day) as mailings_90,
    count(*) filter (event in ('Item Returned', 'Order Refunded')) as returns,
    max(day) filter (event = 'Item Returned') as last_return_day,
    coalesce(sum(refund_cents) filter (event in ('Item Returned', 'Order Refunded')), 0)::bigint as refund_cents,
    count(*) filter (event = 'Email Opened' and day between $day - 89 and $day) as email_opens_90,
    count(*) filter (event = 'Email Link Clicked' and day between $day - 89 and $day) as email_clicks_90,
    max(day) filter (event = 'Email Opened') as last_open_day,
    count(*) filter (event = 'Page Viewed' and day between $day - 29 and $day) as page_views_30,
    count(*) filter (event = 'Page Viewed' and day between $day - 89 and $day) as page_views_90,
    count(*) filter (event = 'Products Searched' and day between $day - 89 and $day) as searches_90,
    count(*) filter (event = 'Product Added to Wishlist' and day between $day - 89 and $day) as list_adds_90,
    count(*) filter (event = 'Promotion Clicked' and day between $day - 89 and $day) as promotion_clicks_90,
    count(*) filter (event = 'Referral Completed') as referrals,
    count(*) filter (event = 'Product Reviewed') as reviews,
    count(*) filter (event = 'Product Reviewed' and score > 3) as good_reviews,
    count(*) filter (event = 'Brand Mentioned') as mentions,
    count(*) filter (event = 'Product Shared') as recommendations,
    count(*) filter (event = 'Call Received' and day between $day - 89 and $day) as calls_90,
    coalesce(sum(minutes) filter (event = 'Call Received'), 0)::bigint as call_minutes
from facts join membership using (signature)
where event in (
    'Coupon Redeemed', 'Campaign Sent', 'Item Returned', 'Order Refunded', 'Email Opened',
    'Call Received', 'Referral Completed', 'Product Reviewed', 'Brand Mentioned', 'Product Shared'
) or (day > $day - 90 and event in (
    'Page Viewed', 'Email Link Clicked', 'Products Searched', 'Product Added to Wishlist', 'Promotion Clicked'
))
group by customer;

create table answers as
select
    customer,
    count(*) as survey_answers,
    coalesce(sum(score), 0)::bigint as survey_sum,
    coalesce(sum(score * score), 0)::bigint as survey_squares,
    arg_max(score, occurred_us::hugeint * 9223372036854775808 + fact_id) as last_score,
    max(day) as last_answer_day
from facts join membership using (signature)
where event = 'Survey Answered' and score > 0
group by customer;

-- Half of the joins each: all at once do not fit into memory either.
create table shopping as
select * exclude (known)
from everybody
left join orders using (customer)
left join medians using (customer)
left join ends using (customer)
left join channels using (customer)
left join rhythm using (customer)
left join weeks using (customer)
left join stores using (customer);

create table others as
select * exclude (known)
from everybody
left join categories using (customer)
left join products using (customer)
left join densities using (customer)
left join rest using (customer)
left join answers using (customer);

create table handwritten as
with joined as (
    select
        customer,
        coalesce(orders, 0) as orders,
        coalesce(spend_cents, 0) as spend_cents,
        first_order_day,
        last_order_day,
        coalesce(order_days, 0) as order_days,
        coalesce(order_span_days, 0) as order_span_days,
        order_days - 1 as gaps,
        coalesce(gap_squares, 0) as gap_squares,
        largest_order_cents,
        coalesce(orders_30, 0) as orders_30,
        coalesce(orders_90, 0) as orders_90,
        coalesce(orders_365, 0) as orders_365,
        coalesce(spend_30_cents, 0) as spend_30_cents,
        coalesce(spend_90_cents, 0) as spend_90_cents,
        coalesce(spend_365_cents, 0) as spend_365_cents,
        coalesce(pieces, 0) as pieces,
        top_category,
        coalesce(top_category_cents, 0) as top_category_cents,
        coalesce(categories, 0) as categories,
        first_store, last_store, favorite_store,
        coalesce(stores, 0) as stores,
        coalesce(channels, 0) as channels,
        first_channel, last_channel,
        web_orders,
        discount_cents,
        coalesce(coupon_orders, 0) as coupon_orders,
        coalesce(redemptions, 0) as redemptions,
        coalesce(mailings_90, 0) as mailings_90,
        line_cents,
        private_cents,
        coalesce(returns, 0) as returns,
        last_return_day,
        coalesce(refund_cents, 0) as refund_cents,
        coalesce(survey_answers, 0) as survey_answers,
        survey_sum,
        last_score,
        last_answer_day,
        coalesce(email_opens_90, 0) as email_opens_90,
        coalesce(email_clicks_90, 0) as email_clicks_90,
        last_open_day,
        coalesce(page_views_30, 0) as page_views_30,
        coalesce(calls_90, 0) as calls_90,
        coalesce(call_minutes, 0) as call_minutes,
        coalesce(cat_food_90, 0) as cat_food_90,
        coalesce(larger, 0) as larger,
        coalesce(stock_ups, 0) as stock_ups,
        coalesce(treats, 0) as treats,
        coalesce(order_weeks, 0) as order_weeks,
        coalesce(longest_week_streak, 0) as longest_week_streak,
        coalesce(week_streak, 0) as week_streak,
        favorite_product,
        coalesce(products, 0) as products,
        dense,
        median_cents,
        (10 ** greatest(length(median_cents::varchar) - 3, 0))::bigint as tenth,
        survey_squares,
        coalesce(page_views_90, 0) as page_views_90,
        coalesce(searches_90, 0) as searches_90,
        coalesce(list_adds_90, 0) as list_adds_90,
        coalesce(promotion_clicks_90, 0) as promotion_clicks_90,
        coalesce(referrals, 0) as referrals,
        coalesce(reviews, 0) as reviews,
        coalesce(good_reviews, 0) as good_reviews,
        coalesce(mentions, 0) as mentions,
        coalesce(recommendations, 0) as recommendations
    from shopping join others using (customer)
)
select
    customer, orders, spend_cents, first_order_day, last_order_day,
    $day - last_order_day as days_since_order,
    $day - first_order_day as days_since_first_order,
    order_days, order_span_days,
    order_span_days / nullif(gaps, 0)::double as gap_mean_days,
    sqrt(
        (gaps * gap_squares - order_span_days * order_span_days)::double / nullif(gaps * (gaps - 1), 0)::double
    ) as gap_sd_days,
    spend_cents / nullif(orders, 0)::double as average_order_cents,
    largest_order_cents, orders_30, orders_90, orders_365, spend_30_cents, spend_90_cents, spend_365_cents, pieces,
    top_category, top_category_cents, categories, first_store, last_store, favorite_store, stores, channels,
    first_channel, last_channel,
    web_orders / nullif(orders, 0)::double as web_share,
    discount_cents / nullif(spend_cents + discount_cents, 0)::double as discount_share,
    coupon_orders,
    coupon_orders / nullif(orders, 0)::double as coupon_share,
    redemptions, mailings_90,
    private_cents / nullif(line_cents, 0)::double as private_share,
    returns, last_return_day, refund_cents,
    spend_cents - refund_cents as net_spend_cents,
    refund_cents / nullif(spend_cents, 0)::double as return_rate,
    survey_answers,
    survey_sum / nullif(survey_answers, 0)::double as survey_mean,
    last_score, last_answer_day, email_opens_90, email_clicks_90,
    $day - last_open_day as days_since_open,
    page_views_30, calls_90, call_minutes, cat_food_90,
    stock_ups, larger - stock_ups as top_ups, treats, orders - larger - treats as grabs,
    order_weeks, longest_week_streak, week_streak, favorite_product,
    case when products < 64 then products
        else greatest(64, coalesce(floor(63 / ((dense::double + 2.0 ** 63) / 2.0 ** 64))::bigint, 64)) end as products,
    -- The product tells the middle of a class of two leading digits.
    case when median_cents < 100 then median_cents
        else ((median_cents // (tenth * 10)) * tenth * 10 + 5 * tenth)::bigint end as median_order_cents,
    sqrt(
        (survey_answers * survey_squares - survey_sum * survey_sum)::double
        / nullif(survey_answers * (survey_answers - 1), 0)::double
    ) as survey_sd,
    top_category_cents / nullif(line_cents, 0)::double as top_category_share,
    page_views_90, searches_90, list_adds_90, promotion_clicks_90, referrals, reviews, good_reviews, mentions,
    recommendations
from joined;
