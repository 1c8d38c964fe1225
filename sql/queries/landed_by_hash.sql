-- One row: where a source record's bytes were landed, and the page that they came in.
select record.connection_id, file.path, record.page_hash, page.endpoint
from landing.record as record
join landing.file as file on file.content_hash = record.file_hash
left join landing.page as page on page.page_hash = record.page_hash
where record.content_hash = %(content_hash)s
order by record.seq
limit 1
