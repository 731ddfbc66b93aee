/**
 * The tables of the sample gateway beside its six parents, grouped by what they are for. One line a table:
 *
 *     name rows-per-company: column column:type column>parent …
 *
 * Every table has `id`, `company_id` (but those marked `*`, which belong to no tenant) and timestamps. A type is `s50`,
 * `text`, `int`, `bool`, `money`, `rate`, `json`, `date`, `time`, `at`, `uuid`, `email`, `phone`, `url`, `ip`, `hash`
 * or `a|b|c` for an enum; without one it is a VARCHAR(255). `>` makes a foreign key; `?` allows NULL; `!` is an index
 * led by the company, `!!` a unique one.
 */
export const DOMAINS = {
  accounts: `
    users 6: name email:email!! password:s60 role:owner|manager|agent|viewer locale:s10 two_factor_secret:s100? last_login_at:at?
    user_preferences 6: user_id>users theme:light|dark|system notifications:json digest:never|daily|weekly
    user_invitations 2: email:email token:hash!! role:manager|agent|viewer expires_at:at? accepted_at:at?
    user_sessions_log 20: user_id>users ip:ip user_agent signed_in_at:at! signed_out_at:at?
    roles 3: name:s100!! description?
    role_assignments 6: role_id>roles user_id>users granted_at:at?
    teams 2: name:s100 colour:s7
    team_members 6: team_id>teams user_id>users is_lead:bool
    *permissions 40: name:s100 guard_name:s50
    *password_reset_tokens 10: email:email token:hash expires_at:at?
    *personal_access_tokens 60: tokenable_type tokenable_number:int name token:hash abilities:text? last_used_at:at?
    api_keys 2: name:s100 secret:hash!! scopes:json last_used_at:at? expires_at:at?
    ip_allow_lists 2: cidr:s43 comment?
    single_sign_on_providers 1: protocol:saml|oidc issuer:url metadata:json? is_enabled:bool
    `,
  tenant: `
    company_settings 4: setting:s100!! value:json
    company_addresses 1: street city:s100 postal_code:s20 country:s2
    company_contacts 2: name email:email phone:phone purpose:billing|technical|legal
    company_domains 1: hostname!! verified_at:at? certificate_expires_at:at?
    company_features 8: feature:s100!! is_enabled:bool rollout:rate
    company_limits 3: resource:s50!! ceiling:int used:int
    company_branding 1: logo_url:url? primary_colour:s7 secondary_colour:s7 custom_css:text?
    company_holidays 9: day:date! name:s100 is_recurring:bool
    company_documents 3: title storage_path mime_type:s100 bytes:int checksum:hash
    company_notes 3: author_id>users? body:text is_pinned:bool
    data_processing_agreements 1: signed_by signed_at:at? version:s20 document_url:url
    retention_policies 2: subject:s50!! keep_days:int action:delete|anonymise
    onboarding_steps 5: step:s50!! completed_at:at? skipped:bool
    tenant_exports 1: requested_by>users? status:queued|running|done|failed file_path? bytes:int
    `,
  branches: `
    branch_addresses 3: branch_id>branches street city:s100 postal_code:s20 country:s2 latitude:rate? longitude:rate?
    branch_opening_hours 21: branch_id>branches weekday:int opens_at:time closes_at:time
    branch_closures 4: branch_id>branches starts_on:date! ends_on:date reason?
    branch_phone_numbers 4: branch_id>branches number:phone!! purpose:main|fax|booking
    branch_rooms 6: branch_id>branches name:s100 capacity:int is_accessible:bool
    branch_equipment 6: branch_id>branches name:s100 serial_number:s50? maintained_on:date?
    branch_photos 3: branch_id>branches url:url caption? position:int
    branch_service_prices 10: branch_id>branches service_id>services price:money valid_from:date!
    `,
  staffing: `
    staff_working_hours 40: staff_id>staff weekday:int starts_at:time ends_at:time
    staff_absences 12: staff_id>staff kind:vacation|illness|training|other starts_on:date! ends_on:date approved_by>users?
    staff_qualifications 12: staff_id>staff title issued_on:date? expires_on:date?
    staff_services 24: staff_id>staff service_id>services duration_override:int? price_override:money?
    staff_branches 10: staff_id>staff branch_id>branches is_primary:bool
    staff_calendars 8: staff_id>staff provider:google|outlook|caldav external_id!! sync_token? synced_at:at?
    staff_commissions 12: staff_id>staff month:date! revenue:money commission:money
    staff_reviews 10: staff_id>staff customer_id>customers? stars:int comment:text?
    shift_templates 3: name:s100 starts_at:time ends_at:time break_minutes:int
    shifts 60: staff_id>staff branch_id>branches shift_template_id>shift_templates? day:date! status:planned|confirmed|done
    shift_swaps 4: shift_id>shifts requested_by>staff accepted_by>staff? status:open|accepted|declined
    time_clock_entries 90: staff_id>staff clocked_in_at:at! clocked_out_at:at? source:app|terminal|manual
    `,
  catalogue: `
    service_categories 4: name:s100!! position:int
    service_category_items 14: service_category_id>service_categories service_id>services position:int
    service_addons 6: service_id>services name price:money duration:int
    service_prices 14: service_id>services price:money currency:s3 valid_from:date! valid_until:date?
    service_requirements 6: service_id>services qualification is_mandatory:bool
    service_translations 20: service_id>services locale:s10 name description:text?
    service_availability_rules 10: service_id>services weekday:int earliest:time latest:time rule:json?
    packages 3: name price:money sessions:int valid_days:int
    package_services 6: package_id>packages service_id>services quantity:int
    products 8: sku:s50!! name price:money stock:int weight:rate?
    product_stock_movements 30: product_id>products quantity:int reason:sale|delivery|correction|loss moved_at:at!
    vouchers 8: code:s30!! kind:amount|percent value:money redeemed_at:at? expires_on:date?
    `,
  customers: `
    customer_addresses 120: customer_id>customers street city:s100 postal_code:s20 country:s2
    customer_consents 300: customer_id>customers purpose:marketing|recording|profiling given_at:at? withdrawn_at:at? proof:json?
    customer_notes 90: customer_id>customers author_id>users? body:text
    customer_tags 6: name:s50!! colour:s7
    customer_tag_assignments 200: customer_id>customers customer_tag_id>customer_tags
    customer_preferences 100: customer_id>customers channel:email|sms|phone|whatsapp language:s10 quiet_hours:json?
    customer_devices 60: customer_id>customers platform:ios|android|web push_token:hash!! seen_at:at?
    customer_merges 3: kept_id>customers merged_number:int merged_at:at? snapshot:json
    customer_loyalty_accounts 50: customer_id>customers points:int tier:bronze|silver|gold
    customer_loyalty_movements 150: customer_loyalty_account_id>customer_loyalty_accounts points:int reason booked_at:at!
    customer_packages 20: customer_id>customers package_id>packages sessions_left:int bought_at:at?
    customer_relations 10: customer_id>customers related_id>customers kind:parent|child|partner|guardian
    customer_segments 4: name:s100!! definition:json refreshed_at:at?
    customer_segment_members 150: customer_segment_id>customer_segments customer_id>customers score:rate
    customer_feedback 60: customer_id>customers appointment_id>appointments? stars:int comment:text? replied_at:at?
    customer_files 15: customer_id>customers name storage_path bytes:int checksum:hash
    privacy_requests 2: customer_id>customers kind:access|erasure|rectification due_on:date! closed_at:at?
    `,
  appointments: `
    appointment_status_changes 900: appointment_id>appointments from_status:s30? to_status:s30 changed_at:at! reason?
    appointment_reminders 700: appointment_id>appointments channel:email|sms|whatsapp|push due_at:at! sent_at:at? error?
    appointment_notes 120: appointment_id>appointments author_id>users? body:text is_private:bool
    appointment_addons 80: appointment_id>appointments service_addon_id>service_addons price:money
    appointment_resources 100: appointment_id>appointments branch_room_id>branch_rooms starts_at:at! ends_at:at?
    appointment_series 10: customer_id>customers rule:json starts_on:date! ends_on:date?
    appointment_series_items 50: appointment_series_id>appointment_series appointment_id>appointments position:int
    appointment_waitlist 15: customer_id>customers service_id>services wished_from:date! wished_until:date? notified_at:at?
    appointment_no_shows 20: appointment_id>appointments customer_id>customers fee:money waived:bool
    appointment_check_ins 150: appointment_id>appointments arrived_at:at! source:desk|kiosk|app
    appointment_locks 2: slot:s64!! held_until:at? holder:s64
    appointment_sync_states 200: appointment_id>appointments staff_calendar_id>staff_calendars external_id:s100 etag:s64? synced_at:at?
    appointment_payments 120: appointment_id>appointments amount:money method:card|cash|transfer|voucher paid_at:at?
    booking_pages 2: slug:s100!! title theme:json? is_public:bool
    booking_page_visits 150: booking_page_id>booking_pages visited_at:at! referrer? converted:bool
    booking_questions 4: booking_page_id>booking_pages label kind:text|choice|consent is_required:bool options:json?
    booking_answers 100: booking_question_id>booking_questions appointment_id>appointments? answer:text
    `,
  telephony: `
    phone_numbers 3: number:phone!! provider:s50 is_active:bool monthly_fee:money
    call_flows 2: name:s100!! definition:json version:int
    calls 800: customer_id>customers? phone_number_id>phone_numbers direction:inbound|outbound status:answered|missed|voicemail|failed duration_seconds:int cost:money started_at:at! metadata:json?
    call_events 600: call_id>calls kind:ringing|answered|transferred|hungup occurred_at:at! detail:json?
    call_recordings 150: call_id>calls storage_path bytes:int checksum:hash expires_on:date?
    call_transcripts 150: call_id>calls language:s10 body:text confidence:rate
    call_summaries 150: call_id>calls summary:text sentiment:positive|neutral|negative topics:json
    call_charges 250: call_id>calls amount:money tariff:s50
    call_transfers 30: call_id>calls to_number:phone outcome:answered|busy|no_answer
    call_tags 60: call_id>calls tag:s50!
    call_queues 2: name:s100!! strategy:ring_all|round_robin|least_busy timeout_seconds:int
    call_queue_members 6: call_queue_id>call_queues staff_id>staff priority:int
    voicemails 25: call_id>calls storage_path seconds:int heard_at:at?
    assistants 2: name:s100 voice:s50 prompt:text settings:json
    assistant_versions 5: assistant_id>assistants number:int prompt:text published_at:at?
    assistant_sessions 200: assistant_id>assistants call_id>calls? turns:int tokens:int cost:money outcome:booked|answered|handed_over|dropped
    assistant_tool_calls 250: assistant_session_id>assistant_sessions tool:s50! arguments:json result:json? ms:int
    blocked_numbers 3: number:phone!! reason?
    `,
  messaging: `
    message_templates 6: slug:s100!! channel:email|sms|whatsapp|push subject? body:text
    message_template_translations 12: message_template_id>message_templates locale:s10 subject? body:text
    sms_logs 450: customer_id>customers? recipient:phone body:text status:queued|sent|delivered|failed segments:int cost:money sent_at:at!
    email_logs 450: customer_id>customers? recipient:email subject status:queued|sent|bounced|opened message_key:s64 sent_at:at!
    whatsapp_messages 150: customer_id>customers? direction:in|out body:text status:sent|delivered|read sent_at:at!
    push_notifications 80: customer_device_id>customer_devices title body:text sent_at:at! opened_at:at?
    campaigns 3: name:s100 customer_segment_id>customer_segments? message_template_id>message_templates scheduled_at:at? status:draft|running|done
    campaign_recipients 150: campaign_id>campaigns customer_id>customers status:pending|sent|opened|clicked sent_at:at?
    chat_conversations 30: customer_id>customers? channel:web|whatsapp|app opened_at:at! closed_at:at?
    chat_messages 200: chat_conversation_id>chat_conversations author:customer|agent|assistant body:text sent_at:at!
    unsubscribes 10: address:email!! channel:email|sms reason?
    notification_deliveries 200: event_type:s100! channel:email|sms|whatsapp|push payload:json attempts:int delivered_at:at?
    `,
  billing: `
    *plans 6: name:s100 price:money currency:s3 features:json
    subscriptions 1: plan_id>plans status:trial|active|past_due|cancelled starts_on:date! ends_on:date?
    subscription_items 3: subscription_id>subscriptions product:s100 quantity:int unit_price:money
    payment_methods 1: kind:card|sepa|invoice fingerprint:hash expires_on:date? is_default:bool
    invoices 24: subscription_id>subscriptions? number:s30!! status:draft|open|paid|void net:money tax:money issued_on:date! due_on:date paid_at:at?
    invoice_items 100: invoice_id>invoices description quantity:int unit_price:money tax_rate:rate
    payments 24: invoice_id>invoices payment_method_id>payment_methods? amount:money status:pending|succeeded|failed provider_reference:s100!! paid_at:at?
    refunds 2: payment_id>payments amount:money reason? refunded_at:at?
    credit_notes 2: invoice_id>invoices number:s30!! amount:money issued_on:date
    dunning_notices 3: invoice_id>invoices level:int sent_at:at! fee:money
    tax_rates 2: name:s50!! rate:rate valid_from:date
    *currencies 8: code:s3 name:s50 exponent:int
    *exchange_rates 60: base:s3 quote:s3 rate:rate day:date
    balance_movements 60: amount:money kind:topup|usage|refund booked_at:at! description?
    usage_records 120: metric:s50! quantity:int recorded_on:date!
    `,
  integrations: `
    integrations 3: provider:s50!! settings:json status:active|paused|broken connected_at:at?
    integration_credentials 3: integration_id>integrations kind:s30 secret:hash rotated_at:at? expires_at:at?
    integration_sync_runs 60: integration_id>integrations direction:in|out status:ok|partial|failed records:int started_at:at! ended_at:at?
    integration_sync_errors 20: integration_sync_run_id>integration_sync_runs code:s50! message:text payload:json?
    integration_mappings 40: integration_id>integrations entity:s50 local_number:int remote_key:s100!
    webhook_endpoints 2: url:url secret:hash events:json is_enabled:bool
    webhook_events 300: kind:s50! payload:json received_at:at! processed_at:at?
    webhook_deliveries 450: webhook_endpoint_id>webhook_endpoints webhook_event_id>webhook_events status_code:int attempt:int ms:int delivered_at:at! error:text?
    oauth_clients 1: name:s100 secret:hash redirect:url is_revoked:bool
    oauth_tokens 10: oauth_client_id>oauth_clients user_id>users? token:hash!! scopes:json? expires_at:at?
    calendar_events 200: staff_calendar_id>staff_calendars external_id:s100! title starts_at:at! ends_at:at? is_busy:bool
    crm_contacts 60: customer_id>customers? remote_key:s64!! snapshot:json pushed_at:at?
    import_jobs 2: kind:customers|appointments|services file_name rows_total:int rows_failed:int status:queued|running|done|failed
    import_rows 60: import_job_id>import_jobs line:int data:json error?
    `,
  operations: `
    audit_logs 900: user_id>users? action:created|updated|deleted|viewed subject_type:s100! subject_key:s64 old_values:json? new_values:json? ip:ip occurred_at:at!
    activity_feed 200: actor_id>users? verb:s50 object:s100 occurred_at:at!
    error_reports 20: fingerprint:s64! message:text trace:text? occurrences:int seen_at:at!
    feature_flag_evaluations 80: flag:s100! variant:s50 evaluated_at:at
    rate_limit_hits 60: bucket:s100! hits:int window_starts_at:at
    health_checks 40: component:s50! status:up|degraded|down ms:int checked_at:at!
    maintenance_windows 1: starts_at:at! ends_at:at? reason
    support_tickets 8: user_id>users? subject status:open|waiting|closed priority:low|normal|high
    support_ticket_messages 24: support_ticket_id>support_tickets author:customer|support body:text sent_at:at!
    scheduled_reports 2: name:s100 schedule:s50 recipients:json last_run_at:at?
    report_runs 20: scheduled_report_id>scheduled_reports status:ok|failed bytes:int ran_at:at!
    daily_statistics 180: day:date! calls:int appointments:int revenue:money
    monthly_statistics 12: month:date! calls:int appointments:int revenue:money
    dashboards 2: name:s100 layout:json
    dashboard_widgets 8: dashboard_id>dashboards kind:s50 settings:json position:int
    knowledge_articles 8: slug:s100!! title body:text published_at:at?
    surveys 1: title questions:json is_open:bool
    survey_responses 40: survey_id>surveys customer_id>customers? answers:json submitted_at:at!
    *jobs 200: queue:s50 payload:json attempts:int available_at:at
    *failed_jobs 40: connection:s50 queue:s50 payload:json exception:text failed_at:at
    *job_batches 20: name total_jobs:int pending_jobs:int failed_jobs:int finished_at:at?
    *sessions 200: user_number:int? ip:ip user_agent payload:text last_activity:int
    *cache_entries 100: entry:s191 value:text expiration:int
    *cache_locks 10: entry:s191 owner:s100 expiration:int
    *countries 40: code:s2 name:s100 dial_code:s6
    *languages 20: code:s10 name:s100
    *time_zones 40: name:s64 offset_minutes:int
    `,
} as const;
