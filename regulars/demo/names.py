"""Names, streets and places of the people we invent. None of them is anybody."""

from __future__ import annotations


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


WOMEN = _words(
    """
    Mary Patricia Jennifer Linda Elizabeth Barbara Susan Jessica Sarah Karen Lisa Nancy Sandra Ashley Emily
    Kimberly Donna Michelle Carol Amanda Melissa Deborah Stephanie Rebecca Laura Sharon Cynthia Kathleen Amy
    Angela Shirley Anna Brenda Pamela Emma Nicole Helen Samantha Katherine Christine Debra Rachel Carolyn
    Janet Maria Heather Diane Olivia Julie Joyce Victoria Ruth Virginia Lauren Kelly Christina Joan Evelyn
    Judith Andrea Hannah Megan Cheryl Jacqueline Martha Madison Teresa Gloria Sara Janice Ann Kathryn Abigail
    Sophia Frances Jean Alice Judy Isabella Julia Grace Amber Denise Danielle Marilyn Beverly Charlotte
    Natalie Theresa Diana Brittany Doris Kayla Alexis Lori Marie Zoë Inés Renée Anaïs Priya Mei Yuki Fatima
    Leila Ingrid Rosa Carmen Lucía Chloé Noor Aaliyah Simone Ebony Imani
    """
)

MEN = _words(
    """
    James Robert John Michael David William Richard Joseph Thomas Christopher Charles Daniel Matthew Anthony
    Mark Donald Steven Andrew Paul Joshua Kenneth Kevin Brian Timothy Ronald George Jason Edward Jeffrey Ryan
    Jacob Gary Nicholas Eric Jonathan Stephen Larry Justin Scott Brandon Benjamin Samuel Gregory Alexander
    Patrick Frank Raymond Jack Dennis Jerry Tyler Aaron Jose Adam Nathan Henry Zachary Douglas Peter Kyle Noah
    Ethan Jeremy Walter Christian Keith Roger Terry Austin Sean Gerald Carl Harold Dylan Arthur Lawrence
    Jordan Jesse Bryan Billy Bruce Gabriel Joe Logan Alan Juan Albert Willie Elijah Wayne Randy Vincent Mason
    Roy Ralph Bobby Russell Bradley Philip Eugene Ángel José Björn Søren Arjun Wei Kenji Omar Tariq Dmitri
    Pavel Luis Carlos Jamal DeShawn Malik
    """
)

NICKNAMES = {
    "Elizabeth": "Liz", "Jennifer": "Jenny", "Patricia": "Pat", "Barbara": "Barb", "Susan": "Sue", "Jessica": "Jess",
    "Margaret": "Peggy", "Katherine": "Kate", "Kimberly": "Kim", "Deborah": "Debbie", "Rebecca": "Becky",
    "Samantha": "Sam", "Christine": "Chris", "Victoria": "Vicky", "Kathleen": "Kathy", "Pamela": "Pam",
    "Jacqueline": "Jackie", "Abigail": "Abby", "Robert": "Bob", "John": "Jack", "Michael": "Mike", "David": "Dave",
    "William": "Bill", "Richard": "Rick", "Joseph": "Joe", "Thomas": "Tom", "Christopher": "Chris", "Charles": "Chuck",
    "Daniel": "Dan", "Matthew": "Matt", "Anthony": "Tony", "Steven": "Steve", "Andrew": "Andy", "Joshua": "Josh",
    "Kenneth": "Ken", "Timothy": "Tim", "Edward": "Ed", "Jeffrey": "Jeff", "Nicholas": "Nick", "Jonathan": "Jon",
    "Stephen": "Steve", "Benjamin": "Ben", "Samuel": "Sam", "Gregory": "Greg", "Alexander": "Alex", "Raymond": "Ray",
    "Zachary": "Zach", "Douglas": "Doug", "Lawrence": "Larry", "James": "Jim", "Philip": "Phil", "Ronald": "Ron",
}  # fmt: skip

SURNAMES = _words(
    """
    Smith Johnson Williams Brown Jones Garcia Miller Davis Rodriguez Martinez Hernandez Lopez Gonzalez Wilson
    Anderson Thomas Taylor Moore Jackson Martin Lee Perez Thompson White Harris Sanchez Clark Ramirez Lewis
    Robinson Walker Young Allen King Wright Scott Torres Nguyen Hill Flores Green Adams Nelson Baker Hall
    Rivera Campbell Mitchell Carter Roberts Gomez Phillips Evans Turner Diaz Parker Cruz Edwards Collins Reyes
    Stewart Morris Morales Murphy Cook Rogers Gutierrez Ortiz Morgan Cooper Peterson Bailey Reed Kelly Howard
    Ramos Kim Cox Ward Richardson Watson Brooks Chavez Wood James Bennett Gray Mendoza Ruiz Hughes Price
    Alvarez Castillo Sanders Patel Myers Long Ross Foster Jimenez Powell Jenkins Perry Russell Sullivan Bell
    Coleman Butler Henderson Barnes Fisher Vasquez Simmons Romero Jordan Patterson Alexander Hamilton Graham
    Reynolds Griffin Wallace Moreno West Cole Hayes Bryant Herrera Gibson Ellis Tran Medina Aguilar Stevens
    Murray Ford Castro Marshall Owens Harrison Fernandez McDonald Woods Washington Kennedy Wells Vargas Henry
    Chen Freeman Webb Tucker Guzman Burns Crawford Olson Simpson Porter Hunter Gordon Mendez Silva Shaw Snyder
    Mason Dixon Muñoz Hunt Hicks Holmes Palmer Wagner Black Robertson Boyd Rose Stone Salazar Fox Warren Mills
    Meyer Rice Schmidt Garza Daniels Ferguson Nichols Stephens Soto Weaver Ryan Gardner Payne Grant Dunn
    Kelley Spencer Hawkins Arnold Pierce Hansen Peters Santos Hart Bradley Knight Elliott Cunningham Duncan
    Armstrong Hudson Carroll Lane Riley Andrews Alvarado Ray Delgado Berry Perkins Hoffman Johnston Matthews
    Pena Richards Contreras Willis Carpenter Lawrence Sandoval O'Brien O'Neil D'Angelo Müller Núñez Sørensen
    """
)

STREETS = _words(
    """
    Maple Oak Cedar Elm Pine Walnut Chestnut Spruce Birch Willow Lake Hill Park River Church Mill School
    Spring Ridge Meadow Sunset Highland Forest Franklin Washington Jefferson Lincoln Madison Jackson Clinton
    Prospect Liberty Union Canal Orchard Garden Valley Summit Bridge Center
    """
)

STREET_ENDS = (("Street", "St"), ("Avenue", "Ave"), ("Road", "Rd"), ("Lane", "Ln"), ("Drive", "Dr"), ("Court", "Ct"))

TOWNS = (
    ("Albany", "NY", "122"), ("Troy", "NY", "121"), ("Utica", "NY", "135"), ("Syracuse", "NY", "132"),
    ("Rochester", "NY", "146"), ("Buffalo", "NY", "142"), ("Yonkers", "NY", "107"), ("Newark", "NJ", "071"),
    ("Trenton", "NJ", "086"), ("Hartford", "CT", "061"), ("Stamford", "CT", "069"), ("Scranton", "PA", "185"),
    ("Allentown", "PA", "181"), ("Worcester", "MA", "016"), ("Springfield", "MA", "011"), ("Providence", "RI", "029"),
)  # fmt: skip

MAIL_DOMAINS = ("mail.example.com", "inbox.example.org", "post.example.net", "letters.example.com")

# With 555-0100 to 555-0199, the numbers kept free for fiction.
AREA_CODES = _words(
    """
    201 203 207 212 215 216 234 240 248 267 301 302 304 305 312 314 315 317 330 339 347 401 404 410 412 413
    414 419 440 443 469 475 484 502 508 513 516 518 551 570 585 603 607 609 610 614 616 617 631 646 678 703
    704 716 717 718 732 740 757 773 774 781 802 804 814 845 848 856 857 860 862 904 908 914 917 919 929 937
    973 978
    """
)

HOME_ZONE = "America/New_York"
OTHER_ZONES = (
    "America/Chicago", "America/Chicago", "America/Denver", "America/Los_Angeles", "America/Los_Angeles",
    "America/Phoenix", "Pacific/Honolulu", "Europe/London", "Europe/Berlin", "Asia/Kolkata", "Asia/Tokyo",
)  # fmt: skip

PAGES = ("Home", "Weekly specials", "Produce", "Bakery", "Pet food", "Recipes", "Coupons", "Store finder", "Account")
# Fillers that tills and CRM users type when a field must not be empty, and the shop's own number.
JUNK_EMAILS = ("noemail@store.com", "test@test.com", "none@none.com")
JUNK_PHONES = ("0000000000", "-1")
SHOP_PHONE = "(518) 555-0100"
